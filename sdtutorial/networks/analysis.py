"""What records say: chains of the same setting, intervals over chains, comparisons with controls.

Everything that a chapter shows of a study it computes from here. This module needs no torch.
"""

from dataclasses import dataclass

import numpy as np

from sdtutorial.networks.records import OPTIONAL_METRICS, RECORDED, read

WORDS = {
    "cifar10": "CIFAR-10",
    "cifar100": "CIFAR-100",
    "digits": "small digits",
    "resnet": "ResNet",
    "vgg": "VGG",
    "cross-entropy": "cross-entropy",
    "l2": "squared distance",
}


# Data sets, networks and losses of the paper's Figure 3, and of its appendix, in their order.
FIGURE_THREE = (
    ("cifar10", "resnet", "l2"),
    ("cifar100", "resnet", "l2"),
    ("cifar10", "resnet", "cross-entropy"),
    ("cifar100", "resnet", "cross-entropy"),
    ("cifar100", "vgg", "l2"),
)


@dataclass(frozen=True)
class Chains:
    """The chains of one setting under one configuration.

    Attributes
    ----------
    setting : str
    configuration : dict
    records : list of list of Record
        One list for each chain, its complete rounds 0, 1, 2, ... as far as none is missing.
    stopped : list of Record
        Rounds in which a chain stopped, for instance with a NaN loss.
    """

    setting: str
    configuration: dict
    records: list
    stopped: list

    @property
    def members(self):
        """How many networks round 0 trains: more than one in an ensemble."""
        return self.configuration["setting"].get("members", 1)

    @property
    def rounds(self):
        """Number of rounds that every chain has."""
        return min((len(chain) for chain in self.records), default=0)

    def values(self, metric):
        """A metric of all rounds that some chain has.

        Parameters
        ----------
        metric : str

        Returns
        -------
        ndarray, shape (chains, rounds)
            NaN where a chain does not have the round, or its record does not have
            the metric.
        """
        table = np.full((len(self.records), max(map(len, self.records), default=0)), np.nan)
        for row, chain in zip(table, self.records):
            row[: len(chain)] = [_value(record, metric) for record in chain]
        return table

    def common_values(self, metric):
        """A metric of the rounds that all chains have.

        Parameters
        ----------
        metric : str

        Returns
        -------
        ndarray, shape (chains, rounds)
        """
        return self.values(metric)[:, : self.rounds]


def _value(record, metric):
    """A metric; NaN if it is one that the record may lack, and does."""
    if metric in OPTIONAL_METRICS:
        return record.metrics.get(metric, np.nan)
    return record.metrics[metric]


def recorded():
    """Read the chains of the book's own study, whose records come with the package.

    Returns
    -------
    dict of str to Chains
        By the name of the setting.

    Raises
    ------
    FileNotFoundError
        The package came without them.
    """
    groups = group(read([RECORDED]).records) if RECORDED.is_dir() else []
    if not groups:
        raise FileNotFoundError(
            f"the records of the book's study are missing: they belong into {RECORDED}, and there "
            "are none. Install sdtutorial again"
        )
    return {chains.setting: chains for chains in groups}


def group(records):
    """Sort records into the chains of each setting and configuration.

    Parameters
    ----------
    records : iterable of Record

    Returns
    -------
    list of Chains
        Sorted by setting.
    """
    found = {}
    for record in records:
        place = found.setdefault((record.setting, record.key[0]), ({}, [], record.configuration))
        if record.complete:
            place[0].setdefault(record.chain, {})[record.round] = record
        else:
            place[1].append(record)
    groups = []
    for (setting, _), (chains, stopped, configuration) in sorted(found.items(), key=lambda x: x[0]):
        whole = []
        for _, rounds in sorted(chains.items()):
            count = next(number for number in range(len(rounds) + 1) if number not in rounds)
            if count:
                whole.append([rounds[number] for number in range(count)])
        groups.append(Chains(setting, configuration, whole, stopped))
    return groups


def of_figure_three(groups):
    """Return the chains that are settings of Figure 3, in its order, without variants of them.

    Parameters
    ----------
    groups : iterable of Chains

    Returns
    -------
    list of Chains
    """
    there = {parts(chains): chains for chains in groups if not _origin(chains)}
    return [there[keys] for keys in FIGURE_THREE if keys in there]


def parts(chains):
    """Return data set, network and loss of a setting; None where its configuration says nothing.

    Parameters
    ----------
    chains : Chains

    Returns
    -------
    tuple of str or None
        As `WORDS` has them.
    """
    setting = chains.configuration["setting"]
    return (
        setting.get("data"),
        setting.get("network", {}).get("family"),
        setting.get("recipe", {}).get("loss"),
    )


def _origin(chains):
    """The setting that a variant varies; None of others."""
    return chains.configuration["setting"].get("seeds_of")


def title(chains):
    """Return a name for people: data set, network, loss, and what a variant varies.

    Parameters
    ----------
    chains : Chains

    Returns
    -------
    str
        The setting's own name where its configuration does not say.
    """
    keys = parts(chains)
    if not all(key in WORDS for key in keys):
        return chains.setting
    variant = chains.setting.removeprefix(f"{_origin(chains)}-").replace("-", " ")
    words = [WORDS[key] for key in keys]
    return ", ".join([*words, variant] if _origin(chains) else words)


@dataclass(frozen=True)
class Interval:
    """A mean over chains with its confidence interval; NaN where too few chains are there.

    Attributes
    ----------
    mean, low, high : ndarray or float
    count : ndarray or int
        Number of chains.
    """

    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    count: np.ndarray

    def __getitem__(self, place):
        """The interval of one round, or of several."""
        return Interval(self.mean[place], self.low[place], self.high[place], self.count[place])


def mean_interval(values, confidence=0.95):
    r"""Mean over the first axis with Student's confidence interval.

    .. math:: \bar d \pm t_{n-1} \, s / \sqrt n

    with the mean and standard deviation s of the n values that are not NaN, and the quantile of the
    t distribution with n - 1 degrees of freedom.

    Parameters
    ----------
    values : ndarray, shape (chains, ...)
        NaN where a value is missing.
    confidence : float

    Returns
    -------
    Interval
        Of shape (...); NaN means where no chain is there, NaN ends where only one is.
    """
    from scipy.special import stdtrit  # here: importing the module should not wait for it

    values = np.asarray(values, dtype=float)
    there = np.isfinite(values)
    count = there.sum(0)
    some = np.where(count > 0, count, np.nan)
    mean = np.where(there, values, 0.0).sum(0) / some
    squares = np.where(there, values - mean, 0.0) ** 2
    freedom = np.where(count > 1, count - 1, np.nan)
    error = np.sqrt(squares.sum(0) / freedom / some)
    half = error * stdtrit(freedom, (1 + confidence) / 2)
    return Interval(mean, mean - half, mean + half, count)


def paired_differences(chains, metric, confidence=0.95):
    """Mean difference of each round to round 0 of the same chain, with its confidence interval.

    Parameters
    ----------
    chains : Chains
    metric : str
    confidence : float

    Returns
    -------
    Interval
        Of shape (rounds,).
    """
    values = chains.values(metric)
    return mean_interval(values - values[:, :1], confidence)


def peak_rounds(chains):
    """The round of each chain with the best accuracy on the held-out images.

    Test images have no part in the choice, so the test accuracy of these rounds is unbiased by it.
    Only rounds that all chains have take part.

    Returns
    -------
    ndarray of int, shape (chains,)
        Of several equal rounds, the first.
    """
    return chains.common_values("held_out_accuracy").argmax(1)


def at_peak(chains, metric):
    """A metric in the round of each chain that `peak_rounds` chooses.

    Parameters
    ----------
    chains : Chains
    metric : str

    Returns
    -------
    ndarray, shape (chains,)
    """
    return chains.values(metric)[np.arange(len(chains.records)), peak_rounds(chains)]


def peak_gain(chains, confidence=0.95):
    """Test accuracy in the round chosen on the held-out images, minus that of round 0.

    Parameters
    ----------
    chains : Chains
    confidence : float

    Returns
    -------
    Interval
        Of shape ().
    """
    first = chains.values("test_accuracy")[:, 0]
    return mean_interval(at_peak(chains, "test_accuracy") - first, confidence)


def peak_fall(chains, confidence=0.95):
    """Test accuracy in the last round that all chains have, minus that in the chosen round.

    Parameters
    ----------
    chains : Chains
    confidence : float

    Returns
    -------
    Interval
        Of shape ().
    """
    last = chains.common_values("test_accuracy")[:, -1]
    return mean_interval(last - at_peak(chains, "test_accuracy"), confidence)


def controls_of(base, groups, entries=("epochs", "weight_decay")):
    """Single-round controls of a setting, by what they vary.

    Parameters
    ----------
    base : Chains
    groups : iterable of Chains
    entries : sequence of str
        Entries of the recipe.

    Returns
    -------
    dict of str to list of (float, Chains)
        For each entry its value, and the chains trained with it, whose round 0 is the control;
        sorted by value. The setting's own round 0 is among them. A control belongs to the setting
        if it differs from it in that one entry of the recipe alone. An entry that a configuration
        leaves out counts as 0.
    """
    found = {}
    for entry in entries:
        members = [base] + [
            chains
            for chains in groups
            if chains.rounds
            and chains.configuration["setting"].get("seeds_of") == base.setting
            and _without(chains, entry) == _without(base, entry)
        ]
        values = [
            (chains.configuration["setting"]["recipe"].get(entry, 0), chains) for chains in members
        ]
        found[entry] = sorted(values, key=lambda pair: pair[0])
    return found


def _without(chains, entry):
    """A configuration without an entry of the recipe, and without what names the setting."""
    setting = dict(chains.configuration["setting"])
    setting["recipe"] = {k: v for k, v in setting["recipe"].items() if k != entry}
    return {**chains.configuration, "setting": setting | {"name": None, "seeds_of": None}}


def gain_over_tuning(base, groups, confidence=0.95, *, entry="weight_decay"):
    """Test accuracy of the chain's best round minus that of the best tuned training of one round.

    Both are chosen on the held-out images: the round for each chain, the value of what is tuned by
    the mean over the chains. Differences are between chains of the same number, which share their
    seeds in round 0.

    Parameters
    ----------
    base : Chains
    groups : iterable of Chains
    confidence : float
    entry : {"weight_decay", "label_smoothing", "epochs"}
        The entry of the recipe that is tuned.

    Returns
    -------
    float
        The chosen value.
    Interval
        Of shape ().
    """
    candidates = controls_of(base, groups, [entry])[entry]
    value, tuned = max(
        candidates, key=lambda pair: pair[1].values("held_out_accuracy")[:, 0].mean()
    )
    of_tuned = {chain[0].chain: chain[0].metrics["test_accuracy"] for chain in tuned.records}
    gains = [
        best - of_tuned[chain[0].chain]
        for chain, best in zip(base.records, at_peak(base, "test_accuracy"))
        if chain[0].chain in of_tuned
    ]
    return value, mean_interval(np.array(gains), confidence)


def lead_at_equal_training(base, controls, *, smooth=False):
    """Test accuracy of each round minus that of single-round controls at equal training accuracy.

    The controls of a chain are joined in the plane of training and test accuracy. A round is
    compared with the point of the joining line that has its training accuracy.

    Parameters
    ----------
    base : Chains
    controls : list of (float, Chains)
        One of the lists that `controls_of` returns.
    smooth : bool
        Whether to join the controls by a smooth curve that is monotone between them (Fritsch and
        Carlson 1980) instead of straight lines, which run below a curve that is bent downwards.

    Returns
    -------
    ndarray, shape (chains, rounds)
        A fraction. NaN where a chain does not have the round, or where all its
        controls have a smaller training accuracy than the round, or all a larger one.
    """
    test, training = base.values("test_accuracy"), base.values("training_accuracy")
    lead = np.full_like(test, np.nan)
    for row, chain in enumerate(base.records):
        # Of controls with the same training accuracy one is kept: a curve has one value there.
        points = {
            first.metrics["training_accuracy"]: first.metrics["test_accuracy"]
            for _, members in controls
            for first, *_ in members.records
            if first.chain == chain[0].chain
        }
        if len(points) < 2:
            continue
        points = sorted(points.items())
        if smooth:
            from scipy.interpolate import PchipInterpolator

            curve = PchipInterpolator(*zip(*points), extrapolate=False)(training[row])
        else:
            curve = np.interp(training[row], *zip(*points), np.nan, np.nan)
        lead[row] = test[row] - curve
    return lead
