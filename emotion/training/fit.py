"""Training: faces in, the weights of the best epoch out. Killed at any moment, it goes on from its last whole epoch.

Backend-agnostic Keras 3: the same code trains on TensorFlow, JAX and PyTorch. On JAX it is also one process of several that
train together: each hands over its share of every batch, and the batches are those of a single process.
"""

import keras
import numpy as np

from emotion.backend import hosts
from emotion.dataset.targets import Pair
from emotion.errors import InputError
from emotion.evaluation.calibration import fit_temperature
from emotion.evaluation.metrics import Classify
from emotion.networks.pretrained import head_of
from emotion.training.batches import Batches, network_input
from emotion.training.checkpoint import Checkpoint
from emotion.training.progress import Progress
from emotion.training.recipes import Recipe
from emotion.training.teacher_answers import TeacherAnswers

AVERAGED_EPOCHS = 1.2  # that the running average of the weights reaches over, at most; on FER2013 0.998 is as much


def fit(
    model: keras.Model,
    training: Pair,
    validation: Pair,
    recipe: Recipe,
    checkpoint: Checkpoint,
    *,
    seed: int = 0,
    jit: bool | str = "auto",
    quiet: bool = False,
    teacher: TeacherAnswers | None = None,
) -> list[dict[str, float]]:
    """Train `model` on (faces uint8 (N, 48, 48), distributions float32 (N, C)) and leave it with its best weights.

    Best is the least loss on the validation pair: the cross-entropy and, in mini_xception, its penalty on the weights.
    `seed`: of the batches and of what is random in the network. `jit`: as Keras's `jit_compile`. `quiet`: without a bar.
    `teacher`: its answers count as much as its weight says.

    Returns the figures of each epoch, from the first one on also where the run was resumed from `checkpoint`.
    InputError where a batch cannot be shared out among the devices, or another process of the training has ended.
    """
    replicas, members = devices(), hosts.members()
    if recipe.batch_size % replicas:
        raise InputError(f"--batch-size {recipe.batch_size}: cannot be shared out evenly among {replicas} devices")
    if members > 1 and len(training[0]) < recipe.batch_size:
        raise InputError(f"--batch-size {recipe.batch_size}: too large for {len(training[0])} faces to be shared out")
    batches = Batches(*training, recipe, seed, teacher, hosts.place(), members)
    faces, targets = (array[: len(array) // replicas * replicas][hosts.place() :: members] for array in validation)
    model.compile(
        optimizer=build_optimizer(recipe, steps=len(batches)),
        loss="categorical_crossentropy",
        metrics=["accuracy"],
        jit_compile=jit,
    )
    averaging = [keras.callbacks.SwapEMAWeights(swap_on_epoch=True)] if recipe.averaging else []
    plateau = [plateau_schedule(recipe, checkpoint)] if recipe.schedule == "plateau" else []
    progress = Progress(recipe.epochs, len(batches), quiet)

    def begin_epoch(epoch: int, logs: dict) -> None:
        batches.begin(epoch)
        seed_layers(model, seed, epoch)

    beginning = keras.callbacks.LambdaCallback(on_epoch_begin=begin_epoch)
    # The order counts: the running weights are saved before their averages take their place, the best after.
    callbacks = [beginning, checkpoint.running, *averaging, checkpoint.best, progress, *plateau]
    with hosts.together(), checkpoint.attach(model):
        model.fit(
            batches,
            shuffle=False,  # they are already; Keras would change their order by a state that no checkpoint holds
            validation_data=(network_input(faces), targets),
            validation_batch_size=batch_to_predict(replicas) // members,
            initial_epoch=checkpoint.epoch,
            epochs=recipe.epochs,
            callbacks=callbacks,
            verbose=0,
        )
        hosts.meet()  # the one that writes may not have written the last epoch yet
        checkpoint.load_best(model)
    if teacher:
        teacher.save()
    return checkpoint.history


def seed_layers(model: keras.Model, seed: int, epoch: int) -> None:
    """Give the model's random layers, such as dropout, the seeds of `epoch`, each its own.

    Keras keeps the state of their generators in no weights file: a resumed run would drop what the first epoch dropped.
    By a rule of seed and epoch, as with the batches, there is nothing to keep.
    """
    states = [variable for variable in model.variables if variable.name == "seed_generator_state"]
    for word, state in zip(np.random.SeedSequence([seed, epoch]).generate_state(len(states)), states, strict=True):
        state.assign(np.array([word, 0]))


def devices() -> int:
    """Over how many replicas JAX splits a batch, whose size must be a multiple of it; 1 on TensorFlow, which splits any."""
    distribution = keras.distribution.distribution()
    return distribution.device_mesh.devices.size if distribution else 1


def batch_to_predict(replicas: int) -> int:
    """How many faces at a time where nothing is learnt: enough to be quick, and a multiple of `replicas`."""
    return 256 // replicas * replicas


def build_optimizer(recipe: Recipe, steps: int) -> keras.optimizers.Optimizer:
    """The recipe's optimizer for epochs of `steps` batches."""
    rate = recipe.learning_rate
    if recipe.schedule == "cosine":
        rate = keras.optimizers.schedules.CosineDecay(
            initial_learning_rate=rate / 20,
            warmup_target=rate,
            warmup_steps=steps,
            decay_steps=max(1, (recipe.epochs - 1) * steps),
            alpha=1 / 500,
        )
    # Of few faces an epoch is few steps: there, the average of the recipe would still be of the first weights.
    momentum = min(recipe.averaging, 1 - 1 / (AVERAGED_EPOCHS * steps))
    averaging = {"use_ema": True, "ema_momentum": momentum} if recipe.averaging else {}
    options = {"weight_decay": recipe.weight_decay or None, **averaging}
    if recipe.optimizer == "sgd":
        optimizer = keras.optimizers.SGD(rate, momentum=0.9, nesterov=True, **options)
    else:
        optimizer = {"adam": keras.optimizers.Adam, "adamw": keras.optimizers.AdamW}[recipe.optimizer](rate, **options)
    # Decay pulls towards zero, where a normalization's scale and a bias have no reason to be.
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimizer


def plateau_schedule(recipe: Recipe, checkpoint: Checkpoint) -> keras.callbacks.Callback:
    """Sets the learning rate of each epoch by what the epochs before it brought."""
    return keras.callbacks.LearningRateScheduler(
        lambda epoch: recipe.learning_rate_after(figures["val_loss"] for figures in checkpoint.history)
    )


def in_single_precision(model: keras.Model) -> keras.Model:
    """`model` as it predicts once it is saved, in float32, whatever it was trained in: as a copy, or itself."""
    if all(layer.compute_dtype == "float32" for layer in model.layers):
        return model

    def clone(layer: keras.layers.Layer) -> keras.layers.Layer:
        return layer.__class__.from_config(layer.get_config() | {"dtype": "float32"})

    copy = keras.models.clone_model(model, clone_function=clone, recursive=True)
    copy.set_weights(model.get_weights())
    return copy


def classifier_of(model: keras.Model) -> Classify:
    """`model` as a function from faces uint8 (N, 48, 48) to probabilities float32 (N, C)."""

    def classify(faces: np.ndarray) -> np.ndarray:
        replicas = devices()
        padded = np.pad(faces, ((0, -len(faces) % replicas), (0, 0), (0, 0)))
        return model.predict(network_input(padded), batch_size=batch_to_predict(replicas), verbose=0)[: len(faces)]

    return classify


def calibrate(model: keras.Model, faces: np.ndarray, shares: np.ndarray) -> float:
    """Temperature scaling: divide the logits by what fits `shares` best, so that the network is as sure as people are.

    `shares`: float32 (N, C), the votes for each of `faces`. The temperature goes into the weights of the last layer
    that has any, from which on to the softmax all networks here are linear: the saved network needs no other, and no
    answer changes.
    """
    last = head_of(model)
    probabilities = classifier_of(model)(faces)
    temperature = fit_temperature(np.log(np.maximum(probabilities, 1e-12)), shares)
    last.set_weights([weights / temperature for weights in last.get_weights()])
    return temperature
