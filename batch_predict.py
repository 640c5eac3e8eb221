#!/usr/bin/env python3
"""What do the faces in very many photos and videos feel? On all cores, or a Dask cluster; started again, it goes on.

python batch_predict.py data/samples run/
python batch_predict.py photos/ "films/*.mp4" run/ --parquet
find /archive -name "*.jpg" | python batch_predict.py --list - run/ --cluster tcp://10.0.0.1:8786
"""

from emotion.cli.interrupt import exit_on_signals

if __name__ == "__main__":
    exit_on_signals(130)  # the imports below take half a second: until they are done, a signal would be a traceback

from itertools import chain

from emotion.cli import app, terminal
from emotion.cli.batch_flags import lines_of, open_engine, parse_arguments, settings_of
from emotion.cluster.drive import drive
from emotion.cluster.join import join
from emotion.cluster.plan import Plan
from emotion.cluster.sources import find_sources


def main() -> int:
    args = parse_arguments(__doc__)
    settings, about, labels = settings_of(args)

    # The list is written down once; what is done of it is what has a file in RUN/parts.
    sources = chain(find_sources(args.paths, skip=args.run), lines_of(args.list))
    with Plan(args.run).opened(sources, about) as plan:
        if args.retry_failed:
            plan.forget_failures()
        done = plan.done()
        before = sum(len(shard.sources) for shard in plan.shards() if shard.name in done) if done else 0
        if before < plan.files:
            failed = 0
            with open_engine(settings, args) as engine, terminal.meter(plan.files, before, "file", args) as bar:
                for shard, result in drive(plan, engine, args.timeout):
                    failed += result.failed
                    bar.set_postfix(failed=failed, refresh=False)
                    bar.update(len(shard.sources))
        totals = join(plan, labels, args.parquet)

    terminal.say(f"{args.run}/results.jsonl: {totals.files} files, {totals.faces} faces")
    return app.report_table(args.run / "failed.csv", totals.failed, totals.files, totals.useful)


if __name__ == "__main__":
    app.run(main)
