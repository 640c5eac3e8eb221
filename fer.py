"""Train, measure and compare networks that read the emotion of a face.

    python fer.py                                   train on data/, write models/fer.h5, its card and its plots
    python fer.py --epochs 100 --resume             go on with a run that was stopped
    python fer.py --evaluate models/fer.h5 --tta    measure a model on every split of data/
"""

import argparse
import sys
import time
from pathlib import Path

from emotion import cli


def main() -> int:
    args = parse_arguments()
    from emotion.dataset import load  # after the flags: -h must not wait for Keras

    dataset = load(args.data)
    if args.evaluate:
        from emotion.comparison import compare

        return compare(args, dataset)
    return train(args, dataset)


def train(args: argparse.Namespace, dataset) -> int:
    import keras

    from emotion.checkpoint import Checkpoint
    from emotion.network import five_block
    from emotion.recipe import Recipe
    from emotion.training import train
    from emotion.votes import training_targets

    # Set up: everything random follows from the seed.
    keras.utils.set_random_seed(args.seed)
    recipe = Recipe(epochs=args.epochs)

    # Prepare the data: uint8 faces (N, 48, 48), and the distribution of their votes, float32 (N, 7).
    training, validation = dataset.development(args.seed)
    pairs = []
    for split in (training, validation):
        rows, targets = training_targets(split.votes, args.emotions)
        pairs.append((split.faces[rows], targets))

    # Build and train the network; what comes back has the weights of its best epoch.
    model = five_block(args.emotions)
    checkpoint = Checkpoint(args.output.with_suffix(".checkpoint"), {"seed": args.seed, "epochs": args.epochs}, args.resume)
    started = time.monotonic()
    history = train(model, *pairs, recipe, checkpoint, seed=args.seed, jit=False)
    print(history[-1], time.monotonic() - started)
    return 0


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=cli.REPOSITORY / "data")
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--emotions", type=int, default=7)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, default=cli.MODEL)
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--evaluate", nargs="+", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    cli.run(main)
