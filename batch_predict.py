#!/usr/bin/env python3
"""What do the faces in very many photos and videos feel? On all cores, or a Dask cluster; started again, it goes on.

python batch_predict.py data/samples run/
python batch_predict.py photos/ "films/*.mp4" run/ --parquet
find /archive -name "*.jpg" | python batch_predict.py --list - run/ --cluster tcp://10.0.0.1:8786
"""

import logging

from emotion.cli import app
from emotion.cli.batch_flags import arguments_of_list, parse_arguments, settings_of
from emotion.cluster.drive import drive
from emotion.cluster.engine import open_engine
from emotion.cluster.join import join
from emotion.cluster.plan import Plan
from emotion.cluster.sources import find_sources

logger = logging.getLogger("emotion")


def main() -> int:
    args = parse_arguments(__doc__)
    settings, about, labels = settings_of(args)

    # The list is written down once; what is done of it is what has a file in RUN/parts.
    sources = find_sources([*args.paths, *arguments_of_list(args.list)], skip=args.run)
    with Plan(args.run).opened(sources, about) as plan:
        done = plan.done()
        before = sum(len(shard.sources) for shard in plan.shards() if shard.name in done) if done else 0
        if before < plan.files:
            with (
                open_engine(settings, args.cluster, args.workers, args.keys) as engine,
                app.meter(plan.files, before, "file", args) as bar,
            ):
                failed = 0
                for shard, part in drive(plan, engine, args.timeout):
                    failed += part.failed
                    bar.set_postfix(failed=failed, refresh=False)
                    bar.update(len(shard.sources))
        totals = join(plan, labels, args.parquet)

    print(f"{args.run}/results.jsonl: {totals.files} files, {totals.faces} faces")
    return app.report_table(args.run / "failed.csv", totals.failed, totals.files)


if __name__ == "__main__":
    app.run(main)
