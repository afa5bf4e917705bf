"""The table of a study, in plain text, from its records, finished or not."""

import numpy as np

from sdtutorial.networks import analysis, records


def table(reading):
    """Describe a study in plain text: every setting round by round, and all that is amiss.

    Parameters
    ----------
    reading : sdtutorial.networks.records.Reading

    Returns
    -------
    str
    """
    if not reading.records:
        nothing = "No round could be read." if reading.unreadable else "No round is finished yet."
        return "\n".join([nothing, *reading.problems])
    groups = analysis.group(reading.records)
    parts = []
    for i, chains in enumerate(groups):
        parts.append(_title(chains, groups[:i]))
        if chains.records:
            parts.append(_rounds_table(chains))
            if chains.rounds > 1:
                parts.append(_peak_sentence(chains))
            parts += _tuning_sentence(chains, groups)
        parts += [
            f"Chain {record.chain} stopped in round {record.round}: {record.outcome}."
            for record in chains.stopped
        ]
        parts += _code_sentences(chains)
        parts.append("")
    return "\n".join(parts + reading.problems).rstrip()


def _title(chains, earlier):
    machine = chains.configuration["machine"]
    title = (
        f"{chains.setting}: {_count(len(chains.records), 'chain')}, "
        f"{_count(chains.rounds, 'round')} in each; "
        f"{machine['precision']} on {machine['device']}, "
        f"study seed {chains.configuration['study_seed']}"
    )
    for other in earlier:
        if other.setting == chains.setting:
            changes = records.differences(chains.configuration, other.configuration)
            title += f"\nDiffers from the group above of this name in {'; '.join(changes)}"
    return title


def _count(number, what):
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _rounds_table(chains):
    test = 100 * chains.values("test_accuracy")
    difference = analysis.mean_interval(test - test[:, :1])
    columns = ("training_accuracy", "held_out_accuracy", "agreement")
    others = [100 * analysis.mean_interval(chains.values(name)).mean for name in columns]
    names = ("prediction_entropy", "prediction_rank", "prediction_diversity", "seconds")
    entropy, rank, diversity, seconds = (
        analysis.mean_interval(chains.values(name)).mean for name in names
    )
    noisy = 100 * analysis.mean_interval(chains.values("noisy_training_accuracy")).mean
    lines = [
        "round chains   test %    sd   to round 0 [95 % interval]  train %  noisy %  held %"
        "  agree %  entropy   rank  diversity  seconds"
    ]
    for t in range(test.shape[1]):
        column = test[np.isfinite(test[:, t]), t]
        deviation = f"{column.std(ddof=1):5.2f}" if len(column) > 1 else "    -"
        if t == 0 or len(column) < 2:
            change = "" if t == 0 else f"{difference.mean[t]:+.2f}"
        else:
            mean, low, high = difference.mean[t], difference.low[t], difference.high[t]
            change = f"{mean:+.2f} [{low:+.2f}, {high:+.2f}]"
        lines.append(
            f"{t:5d} {len(column):6d} {column.mean():8.2f} {deviation}   {change:26s}  "
            f"{others[0][t]:7.2f} {_or_dash(noisy[t], 8, 2)} {others[1][t]:7.2f} "
            f"{others[2][t]:8.2f} {entropy[t]:8.3f} {rank[t]:6.1f} {_or_dash(diversity[t], 10, 3)} "
            f"{seconds[t]:8.1f}"
        )
    return "\n".join(lines)


def _or_dash(value, width, digits):
    """A number; a dash where no record has it."""
    return f"{value:{width}.{digits}f}" if np.isfinite(value) else f"{'-':>{width}}"


def points(interval):
    """Describe a difference of accuracies in percentage points.

    Parameters
    ----------
    interval : sdtutorial.networks.analysis.Interval
        A fraction, of shape ().

    Returns
    -------
    str
    """
    low, mean, high = (100 * value for value in (interval.low, interval.mean, interval.high))
    if not np.isfinite(low):
        return f"{mean:+.2f} points (too few chains for an interval)"
    return f"{mean:+.2f} points [{low:+.2f}, {high:+.2f}]"


def commands(groups):
    """The commands that train some chains, as far as all chains of a setting have come.

    Parameters
    ----------
    groups : iterable of sdtutorial.networks.analysis.Chains

    Returns
    -------
    list of str
        One for all settings with as many chains and rounds. Its lines end in a backslash but for
        the last one.
    """
    settings = {}
    for chains in groups:
        settings.setdefault(_options(chains), []).append(chains.setting)
    return [
        " \\\n    ".join(
            [f"python -m sdtutorial.networks run --preset {preset} --out results", "--settings"]
            + [f"    {name}" for name in names]
            + [options]
        )
        for (preset, options), names in settings.items()
    ]


def _options(chains):
    """The preset, and the options of the command but for the setting."""
    seed, machine = (chains.configuration[name] for name in ("study_seed", "machine"))
    options = {
        "chains": len(chains.records),
        "rounds": chains.rounds,
        "precision": machine["precision"],
        **({"seed": seed} if seed else {}),
    }
    return (
        chains.records[0][0].preset,
        " ".join(f"--{name} {value}" for name, value in options.items()),
    )


def costs(groups):
    """What the trainings of some chains took, in plain text: a line for each setting, and the sum.

    Core hours are those in which a processor computed, not those on the clock.

    Parameters
    ----------
    groups : iterable of sdtutorial.networks.analysis.Chains

    Returns
    -------
    str
    """
    lines, total = ["trained  hours  processor  setting"], np.zeros(2)
    for chains in groups:
        rounds = [record for chain in chains.records for record in chain]
        hours = sum(record.metrics["processor_seconds"] for record in rounds) / 3600
        trainings = sum(chains.members if record.round == 0 else 1 for record in rounds)
        lines.append(
            f"{trainings:7d} {hours:6.1f}  "
            f"{', '.join(sorted({record.device for record in rounds})):10s} {chains.setting}"
        )
        total += trainings, hours
    return "\n".join([*lines, f"{total[0]:7.0f} {total[1]:6.1f}  {'':10s} all"])


def gains(groups):
    """Rise and fall of the test accuracy of each setting, in plain text.

    Parameters
    ----------
    groups : iterable of sdtutorial.networks.analysis.Chains

    Returns
    -------
    str
    """
    lines = []
    for chains in groups:
        number, rounds = len(chains.records), _count(chains.rounds, "round")
        lines.append(f"{analysis.title(chains)}: {_count(number, 'chain')}, {rounds}")
        if chains.rounds > 1:
            lines.append(f"    chosen round minus round 0:  {points(analysis.peak_gain(chains))}")
            lines.append(f"    last round minus the chosen: {points(analysis.peak_fall(chains))}")
    return "\n".join(lines)


def _peak_sentence(chains):
    peaks = ", ".join(str(peak) for peak in analysis.peak_rounds(chains))
    return (
        f"Rounds chosen on the held-out images, chain by chain: {peaks}; their test accuracy is "
        f"{points(analysis.peak_gain(chains))} from that of round 0."
    )


def _tuning_sentence(chains, groups):
    if len(analysis.controls_of(chains, groups)["weight_decay"]) < 2:
        return []
    decay, gain = analysis.gain_over_tuning(chains, groups)
    return [
        f"Against one round with the weight decay that is best on the held-out images, {decay:g}: "
        f"{points(gain)}."
    ]


def _code_sentences(chains):
    rounds = [record for chain in chains.records for record in chain]
    return [
        sentence
        for kind, said in (("stale", "changed since"), ("vouched", "vouched for by a test"))
        for sentence in _other_code(rounds, kind, said)
    ]


def _other_code(rounds, kind, said):
    modules = [getattr(record, kind) for record in rounds]
    others = sum(map(bool, modules))
    if not others:
        return []
    return [
        f"{others} of {_count(len(rounds), 'round')} made by other code than today's "
        f"({', '.join(sorted({name for names in modules for name in names}))} {said})."
    ]
