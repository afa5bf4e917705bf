"""Is a chain worth its trainings? What the same compute gains otherwise. Needs no torch."""

from dataclasses import dataclass

import numpy as np

from sdtutorial.networks import analysis, report

# Each kind of alternative: one of it in words, and all of it.
KINDS = {
    "rounds": ("chain, round {:g}", "rounds of the chain"),
    "weight_decay": ("weight decay {:g}, tuned", "tuned weight decay"),
    "label_smoothing": ("label smoothing {:g}, tuned", "tuned label smoothing"),
    "epochs": ("{:g} epochs", "more epochs"),
    "members": ("mean of {:g} networks", "the mean of several networks"),
    "student": ("student of that mean", "a student of that mean"),
}


@dataclass(frozen=True)
class Alternative:
    """Something to do with some trainings, and what it gains over one of them.

    Attributes
    ----------
    kind : str
        One of `KINDS`.
    value : float
        The round, the value of the entry of the recipe, or the number of networks.
    trainings : float
        Compute, in trainings of round 0: all epochs over those of round 0. The search for a value
        that is tuned does not count.
    gain : sdtutorial.networks.analysis.Interval
        Test accuracy minus that of round 0, paired by chains. A fraction, of shape ().
    lead : sdtutorial.networks.analysis.Interval
        Gain minus that of the round that the chain has reached with no more trainings.
    """

    kind: str
    value: float
    trainings: float
    gain: analysis.Interval
    lead: analysis.Interval

    @property
    def name(self):
        """What it is, in words."""
        return KINDS[self.kind][0].format(self.value)


def alternatives(base, groups, *, rounds=4, confidence=0.95):
    """Compare the rounds of a chain with its rivals, by gain over round 0 and by compute.

    A rival has the seeds of the chains, and its gain is that over the round 0 which was trained
    with these seeds on its own kind of machine, in its own precision. Of the values of an entry
    that is tuned, the one counts that has the largest mean gain on the held-out images, the chain's
    own value among them.

    Parameters
    ----------
    base : sdtutorial.networks.analysis.Chains
        Chains of several rounds.
    groups : iterable of sdtutorial.networks.analysis.Chains
        Among them the rivals.
    rounds : int
        Rounds of the chain to list, with round 0, which is what the others are compared to.
    confidence : float

    Returns
    -------
    list of Alternative
        Sorted by compute. A rival without a round 0 to compare it with is left out.
    """
    groups = list(groups)
    found = [("rounds", t, base, t) for t in range(1, min(rounds, base.rounds))]
    for entry in ("weight_decay", "label_smoothing"):
        members = _varying(base, groups, entry)
        if len(members) > 1:
            held_out = [_mean_gain(chains, base, groups) for _, chains in members]
            value, chains = members[int(np.argmax(held_out))]
            found.append((entry, value, chains, 0))
    longer = _varying(base, groups, "epochs")
    found += [("epochs", n, chains, 0) for n, chains in longer if n > _recipe(base)["epochs"]]
    for chains in groups:
        if chains.members > 1 and _first_training(chains) == _first_training(base):
            kinds = ("members", "student")[: chains.rounds]
            found += [(kind, chains.members, chains, t) for t, kind in enumerate(kinds)]
    listed = [_alternative(*rival, base, groups, confidence) for rival in found]
    return sorted((one for one in listed if one.gain.count), key=lambda one: one.trainings)


def _alternative(kind, value, chains, number, base, groups, confidence):
    trainings = _trainings(chains, number) / _trainings(base, 0)
    gains = gains_by_chain(chains, base, groups, number)
    reached = min(int(trainings + 1e-9), base.rounds) - 1
    others = gains_by_chain(base, base, groups, reached)
    leads = [gain - others[chain] for chain, gain in gains.items() if chain in others]
    gain, lead = (
        analysis.mean_interval(np.array(values), confidence)
        for values in (list(gains.values()), leads)
    )
    return Alternative(kind, value, trainings, gain, lead)


def _trainings(chains, number):
    """Epochs of all trainings up to a round."""
    return (chains.members + number) * _recipe(chains)["epochs"]


def gains_by_chain(chains, base, groups, number=0, metric="test_accuracy"):
    """A metric of a round minus that of round 0 of `base` on the same kind of machine.

    Parameters
    ----------
    chains, base : sdtutorial.networks.analysis.Chains
    groups : iterable of sdtutorial.networks.analysis.Chains
        Among them what has such a round 0: the base itself, or a variant whose round 0 is the same
        training.
    number : int
        The round.
    metric : str

    Returns
    -------
    dict of int to float
        By the number of the chain, for those that have both.
    """
    firsts = {}
    for other in groups:
        same = other.configuration["machine"] == chains.configuration["machine"]
        if same and other.members == 1 and _first_training(other) == _first_training(base):
            firsts |= {chain[0].chain: chain[0].metrics[metric] for chain in other.records}
    return {
        chain[0].chain: chain[number].metrics[metric] - firsts[chain[0].chain]
        for chain in chains.records
        if chain[0].chain in firsts and len(chain) > number
    }


def _mean_gain(chains, base, groups):
    gains = gains_by_chain(chains, base, groups, metric="held_out_accuracy")
    return np.mean(list(gains.values())) if gains else -np.inf


def _varying(base, groups, entry):
    """The base, and what differs from it in one entry of the recipe, as (value, Chains)."""
    others = [
        chains
        for chains in groups
        if _first_training(chains, entry) == _first_training(base, entry)
        and _recipe(chains).get(entry, 0) != _recipe(base).get(entry, 0)
        and chains.members == 1
    ]
    return [(_recipe(chains).get(entry, 0), chains) for chains in [base, *others]]


def _recipe(chains):
    return chains.configuration["setting"]["recipe"]


def _first_training(chains, without=None):
    """What defines a training of round 0, but for the machine and an entry of the recipe."""
    setting = dict(chains.configuration["setting"])
    seeds = setting.get("seeds_of") or setting["name"]
    recipe = {name: value for name, value in setting["recipe"].items() if name != without}
    for name in ("name", "members", "same_initialisation"):
        setting.pop(name, None)
    return setting | {"recipe": recipe, "seeds_of": seeds}, chains.configuration["study_seed"]


def table(found):
    """Describe alternatives in plain text, and say which kinds are not on record.

    Parameters
    ----------
    found : list of Alternative

    Returns
    -------
    str
    """
    lines = ["trainings chains  what" + 25 * " " + "points over round 0 [95 %]"]
    for one in found:
        lines.append(
            f"{one.trainings:9g} {one.gain.count:6d}  {one.name:28s} {_interval(one.gain)}"
        )
        if one.kind != "rounds" and one.trainings > 1:
            lines.append(f"{'against the chain for as much:':>46s} {_interval(one.lead)}")
    missing = [words for kind, (_, words) in KINDS.items() if kind not in {a.kind for a in found}]
    return "\n".join(lines + [f"not on record: {words}" for words in missing])


def _interval(interval):
    return report.points(interval).replace(" points", "")
