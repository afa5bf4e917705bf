"""Command line: `python -m sdtutorial.networks` with `run`, `report`, `kernel` or `widths`."""

import argparse
import os
import sys
from pathlib import Path

from sdtutorial.networks import interrupts

FINISHED, STOPPED_CHAINS, USAGE, FAULT, INTERRUPTED = 0, 1, 2, 3, interrupts.CODE


def main(arguments=None):
    """Run the command line and return its exit code.

    0: done, or paused because the time was up. 1: done, but a chain stopped (its loss became NaN).
    2: the command asks for something that does not exist. 3: the machine, the folder or the data
    stand in the way. 130: interrupted. A sentence says what happened.

    Parameters
    ----------
    arguments : list of str or None
        None takes those of the process.

    Returns
    -------
    int
    """
    options = _parser().parse_args(arguments)
    return options.command(options)


class _Parser(argparse.ArgumentParser):
    def print_help(self, file=None):
        """Print the help; argparse itself would take no notice if that fails."""
        print(self.format_help(), end="", file=file, flush=True)


def _parser():
    parser = _Parser(
        prog="python -m sdtutorial.networks",
        description="Chains of networks, each trained on the predictions of the one before.",
    )
    commands = parser.add_subparsers(required=True, metavar="{run,report,kernel,widths}")
    run = commands.add_parser(
        "run",
        help="train the chains of a preset, or go on with them",
        description=(
            "Train the chains of a preset. Interrupt it when you like: the same command goes on "
            "from there. Several of these commands on one folder share the work, and so do the "
            "processes of torchrun --nproc-per-node=N -m sdtutorial.networks run ..."
        ),
    )
    run.add_argument("--preset", required=True, help="digits, cpu, colab, gpu or paper")
    run.add_argument("--out", required=True, type=Path, help="folder of the results")
    run.add_argument(
        "--settings", nargs="+", metavar="NAME", help="settings of the preset, or 'all'"
    )
    run.add_argument("--chains", type=int, metavar="N", help="chains of each setting")
    run.add_argument("--rounds", type=int, metavar="N", help="rounds of each chain")
    run.add_argument("--seed", type=int, default=0, help="study seed (default: 0)")
    run.add_argument(
        "--precision",
        choices=("float32", "bfloat16", "float16"),
        help="default: what the device computes in at full speed",
    )
    run.add_argument("--minutes", type=_minutes, help="start no training that would end later")
    run.add_argument("--copy-to", type=Path, help="second folder that each round is copied to")
    run.set_defaults(command=_run)
    report = commands.add_parser(
        "report", help="print the table and draw the figures of what is there, finished or not"
    )
    report.add_argument(
        "paths", nargs="+", type=Path, metavar="DIR", help="folders of results, or .jsonl files"
    )
    report.add_argument(
        "--figures", type=Path, metavar="FOLDER", help="default: the first folder named"
    )
    report.add_argument(
        "--records", type=Path, metavar="FILE", help="also write all records into one .jsonl file"
    )
    report.set_defaults(command=_report)
    kernel = commands.add_parser(
        "kernel", help="run the chain of the neural tangent kernel on images, class by class"
    )
    kernel.add_argument("--data", required=True, help="cifar10, cifar100 or digits")
    kernel.add_argument("--images", required=True, type=int, metavar="N", help="training images")
    kernel.add_argument("--held-out", type=int, default=5000, metavar="N")
    kernel.add_argument("--depth", type=int, default=2, help="hidden layers (default: 2)")
    kernel.add_argument("--bias", type=float, default=1.0, help="factor of biases (default: 1)")
    kernel.add_argument(
        "--tolerance",
        nargs="+",
        type=float,
        default=[0.1],
        metavar="SHARE",
        help="of the labels' mean square, one or several (default: 0.1)",
    )
    kernel.add_argument("--seed", type=int, default=0, help="study seed (default: 0)")
    kernel.add_argument("--out", required=True, type=Path, metavar="FILE", help=".jsonl file")
    kernel.set_defaults(command=_kernel)
    widths = commands.add_parser(
        "widths", help="train chains of ever wider networks on the running example"
    )
    widths.add_argument("--widths", nargs="+", type=int, required=True, metavar="N")
    widths.add_argument("--copies", type=int, default=4, metavar="N", help="chains of each width")
    widths.add_argument("--seed", type=int, default=0)
    widths.add_argument("--out", required=True, type=Path, metavar="FILE", help=".jsonl file")
    widths.set_defaults(command=_widths)
    return parser


def _run(options):
    # Imported here: `--help` and `report` need no torch.
    import torch

    from sdtutorial.networks import presets, store, study
    from sdtutorial.networks.archive import DataError

    try:
        preset = presets.find_preset(options.preset)
        plan = presets.make_plan(
            preset,
            settings=options.settings,
            chains=options.chains,
            rounds=options.rounds,
            seed=options.seed,
            precision=options.precision,
        )
        worker = _whole_number("LOCAL_RANK", os.environ.get("LOCAL_RANK", "0"), 0)
        workers = _whole_number("WORLD_SIZE", os.environ.get("WORLD_SIZE", "1"), 1)
    except (presets.StudyError, ValueError) as error:
        return _say(f"{error}.", USAGE)
    if preset.device == "cuda":
        torch.cuda.set_device(worker % torch.cuda.device_count())
    if presets.is_emulated(plan.machine):
        _say(
            f"This processor has no {plan.machine.precision} of its own. It emulates it, which "
            "takes 10 to 20 times as long as float32.",
            FINISHED,
        )

    def notify(progress):
        record = progress.record
        name = f"{record.setting}, chain {record.chain}, round {record.round}"
        if record.complete:
            said = (
                f"test {record.metrics['test_accuracy']:.1%}, "
                f"training {record.metrics['training_accuracy']:.1%}, "
                f"{record.metrics['seconds']:.0f} s"
            )
        else:
            said = f"the chain stops: {record.outcome}"
        print(
            f"{name}: {said}. {progress.done} of {progress.total} rounds done, "
            f"about {_duration(progress.seconds_left)} left.",
            flush=True,
        )
        if mirror:
            mirror.save(options.out)

    place = options.copy_to or store.default_mirror(preset, options.out)
    mirror = store.Mirror(place, lambda sentence: _say(sentence, 0)) if place else None
    try:
        store.prepare_folder(options.out)
        if mirror:
            mirror.restore(options.out)
        outcome = study.work(
            plan,
            options.out,
            workers=workers,
            minutes=preset.minutes if options.minutes is None else options.minutes,
            notify=notify,
        )
    except (presets.StudyError, DataError) as error:
        return _say(str(error), FAULT)
    except KeyboardInterrupt:
        return _say(interrupts.SENTENCE, INTERRUPTED)
    for record in outcome.stopped:
        _say(
            f"{record.setting}, chain {record.chain} stopped in round {record.round}: "
            f"{record.outcome}.",
            STOPPED_CHAINS,
        )
    if not outcome.finished:
        return _say("The time is up. The same command goes on from here.", FINISHED)
    return STOPPED_CHAINS if outcome.stopped else FINISHED


def _report(options):
    from sdtutorial.networks import figures, records, report

    try:
        reading = records.read(options.paths)
    except FileNotFoundError as error:
        return _say(f"{error}.", USAGE)
    print(report.table(reading))
    first = options.paths[0]
    folder = options.figures or (first if first.is_dir() else first.parent)
    try:
        if options.records:
            records.write(reading.records, options.records)
        folder.mkdir(parents=True, exist_ok=True)
        for name, figure in figures.draw(reading).items():
            figure.savefig(folder / f"{name}.png")
            print(f"Figure: {folder / name}.png")
    except OSError as error:
        if error.filename is None:
            raise  # of the output
        return _say(f"cannot write {error.filename}: {error.strerror}.", FAULT)
    return FAULT if reading.unreadable else FINISHED


def _whole_number(name, text, least):
    """A whole number that torchrun puts into the environment."""
    if not (text.isascii() and text.isdigit()) or int(text) < least:
        raise ValueError(f"{name} in the environment is {text!r}, no number of at least {least}")
    return int(text)


def _minutes(text):
    minutes = float(text)
    if not minutes >= 0:
        raise ValueError
    return minutes


def _kernel(options):
    from sdtutorial.networks import kernel_chain
    from sdtutorial.networks.archive import DataError

    names = ("data", "images", "held_out", "depth", "bias", "seed")
    shared = {name: getattr(options, name) for name in names}
    plans = [kernel_chain.Plan(tolerance=share, **shared) for share in options.tolerance]
    try:
        found = []
        for record in kernel_chain.run(plans, notify=lambda sentence: _say(sentence, FINISHED)):
            found.append(record)
            kernel_chain.write(found, options.out)
            print(kernel_chain.table(record), flush=True)
    except (TypeError, ValueError) as error:
        return _say(f"{error}.", USAGE)
    except DataError as error:
        return _say(str(error), FAULT)
    except OSError as error:
        return _say(f"cannot write {options.out}: {error.strerror}.", FAULT)
    return FINISHED


def _widths(options):
    from sdtutorial.examples import spline
    from sdtutorial.networks import kernel_chain, widths

    found = []
    try:
        for record in widths.study(
            spline(), options.widths, copies=options.copies, seed=options.seed
        ):
            found.append(record)
            kernel_chain.write(found, options.out)
            mean = sum(record.distances) / len(record.distances)
            print(
                f"width {record.configuration['width']}, {record.configuration['rule']}: "
                f"mean distance {mean:.4f}, {record.processor_seconds:.0f} s",
                flush=True,
            )
    except ValueError as error:
        return _say(f"{error}.", USAGE)
    except OSError as error:
        return _say(f"cannot write {options.out}: {error.strerror}.", FAULT)
    return FINISHED


def _say(sentence, code):
    print(sentence, file=sys.stderr, flush=True)
    return code


def _duration(seconds):
    minutes = round(seconds / 60)
    if minutes < 1:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 120 else f"{minutes / 60:.1f} h"


def _program():
    """Run as a program, every way out of which is a sentence and an exit code."""
    interrupts.watch()
    for stream in filter(None, (sys.stdout, sys.stderr)):
        stream.reconfigure(errors="backslashreplace")  # names that a terminal has no letters for
    try:
        code = main()
        if sys.stdout:
            sys.stdout.flush()
    except SystemExit as end:  # of the parser
        code = end.code
    except BrokenPipeError:  # whoever reads has closed the pipe, as `head` does
        code = FAULT
    except OSError as error:
        code = _say(f"cannot write to {error.filename or 'the output'}: {error.strerror}.", FAULT)
    _end(code)


def _end(code):
    """Leave, whatever becomes of what the output still holds."""
    try:
        if sys.stdout:  # None where the output is closed
            sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = code or FAULT
    interrupts.ignore()
    sys.exit(code)


if __name__ == "__main__":
    _program()
