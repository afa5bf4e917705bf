"""A regressor for scikit-learn: the chain of rounds behind ``fit`` and ``predict``.

It evaluates the kernel, divides by the number of points and keeps what predictions need. Whoever
uses it meets neither a Gram matrix nor a cross matrix. This module alone imports scikit-learn, and
is loaded when it is named.
"""

from functools import partial

import numpy as np
from sklearn.base import BaseEstimator, MultiOutputMixin, RegressorMixin
from sklearn.metrics.pairwise import pairwise_kernels
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from sdtutorial import _checks, diagnosis
from sdtutorial.distillation import distill
from sdtutorial.generalization import generalized_cross_validation, risk_estimate
from sdtutorial.kernels import RBF, Matern, cross_matrix, gram_matrix
from sdtutorial.secular import InfeasibleToleranceError

__all__ = ["SelfDistilledKernelRidge"]

_SAME = 8  # machine epsilons of the largest target: targets that differ by less are constant
_OF_HISTOGRAMS = ("chi2", "additive_chi2")  # kernels that no standardised points suit


class SelfDistilledKernelRidge(MultiOutputMixin, RegressorMixin, BaseEstimator):
    """Kernel ridge regression on its own predictions, round after round, under one tolerance.

    Round t fits its targets with the smallest norm that leaves a mean squared residual of at most
    the tolerance::

        f_t(x) = g_x^T (c_t I + G)^{-1} y_t,    y_{t+1} = f_t at the training points,

    with the multiplier c_t that the tolerance selects (Self-distillation, ``prp-recurrence``). Each
    round is a fit of scikit-learn's ``KernelRidge`` with alpha = K c_t, for K points, to the
    predictions of the round before; the first one to the targets minus their mean. Several outputs
    are chains of their own, with their own multipliers.

    Parameters
    ----------
    kernel : str or callable
        A name that scikit-learn's ``pairwise_kernels`` knows ("laplacian", "rbf", "poly", "linear"
        and others), or "precomputed", where ``X`` holds kernel values: (K, K) to fit, (m, K) to
        predict. Or a function of two sets of points, (n, p) and (m, p), that returns the matrix
        (n, m), with its parameters in it: the kernels of this package, those of scikit-learn's
        Gaussian processes. The default is rough, and reaches any targets; a smooth kernel on many
        points leaves most of the noise out of reach, and a small tolerance is then infeasible.
    tolerance : float or array_like, shape (Q,)
        The mean squared residual of every round. By default a share of the variance of the
        targets, of each output for itself.
    relative : bool
        Whether the tolerance is such a share. If false, it is in squared units of the targets.
    rounds : int or "auto"
        After how many rounds to predict; 1 is one ridge fit. With "auto" each output takes the
        number with the smallest estimate of the risk, up to the mean that follows its collapse.
    noise_variance : float or array_like, shape (Q,), optional
        Of the targets, in their squared units. With it "auto" uses an unbiased estimate of the risk
        (:func:`sdtutorial.generalization.risk_estimate`), without it generalised cross-validation.
        Both take the mean of the targets for known. Counting it would choose another round in a few
        of a hundred draws of twenty points, and hardly ever of sixty.
    fit_intercept : bool
        Whether to subtract the mean of the targets first, and to add it to the predictions. Without
        it a chain spends its rounds on shrinking that mean, and the tolerance is a share of the
        mean square of the targets.
    gamma, degree, coef0 : float, optional
        Parameters of a kernel given by name, as for ``KernelRidge``. Without ``gamma``, 1 / p for
        most kernels: columns of unit variance, as ``StandardScaler`` makes them, suit it. The
        length scale of ``RBF`` is 1 / sqrt(2 gamma), that of the Laplacian kernel 1 / gamma.

    Attributes
    ----------
    chain_ : Chain
        The chain on the centred targets, in units of their standard deviations if the tolerance is
        relative. Its ``multipliers`` and ``rounds`` do not depend on these units.
    rounds_ : int or ndarray, shape (Q,)
        After how many rounds ``predict`` predicts. Where it exceeds ``chain_.rounds``, the output
        has collapsed to the mean of its targets.
    dual_coef_ : ndarray, shape (K,) or (K, Q)
        ``predict(X)`` is ``kernel(X, X_fit_) @ dual_coef_ + intercept_``.
    intercept_ : float or ndarray, shape (Q,)
        The mean of the targets, or 0.
    X_fit_ : ndarray, shape (K, p)
        The training points.
    n_features_in_ : int
        p.
    feature_names_in_ : ndarray, shape (p,)
        Names of the columns, if ``X`` was a data frame whose columns all have names.

    Examples
    --------
    >>> import numpy as np
    >>> from sdtutorial import SelfDistilledKernelRidge
    >>> X = np.linspace(0, 1, 50)[:, None]
    >>> noise = np.random.default_rng(0).normal(0, 0.3, 50)
    >>> model = SelfDistilledKernelRidge(gamma=5, tolerance=0.02, noise_variance=0.09)
    >>> model = model.fit(X, np.sin(6 * X[:, 0]) + noise)
    >>> model.chain_.rounds, model.rounds_
    (8, 3)
    """

    def __init__(
        self,
        kernel="laplacian",
        *,
        tolerance=0.1,
        relative=True,
        rounds="auto",
        noise_variance=None,
        fit_intercept=True,
        gamma=None,
        degree=3,
        coef0=1,
    ):
        self.kernel = kernel
        self.tolerance = tolerance
        self.relative = relative
        self.rounds = rounds
        self.noise_variance = noise_variance
        self.fit_intercept = fit_intercept
        self.gamma = gamma
        self.degree = degree
        self.coef0 = coef0

    def fit(self, X, y, sample_weight=None):
        """Run the chain.

        Parameters
        ----------
        X : array_like, shape (K, p)
            The points, or kernel values (K, K) if the kernel is "precomputed".
        y : array_like, shape (K,) or (K, Q)
            The targets.
        sample_weight : array_like, shape (K,), optional
            How often each point counts, in the mean and the variance of the targets as well: 2
            stands for a point that is there twice, 0 for one that is not there. A factor common to
            all of them changes nothing but the choice of ``rounds="auto"``, to which their sum is
            the number of observations: weights that say how precise the targets are should have
            mean 1.

        Returns
        -------
        SelfDistilledKernelRidge
            The estimator itself.

        Raises
        ------
        InfeasibleToleranceError
            If no function of the kernel comes that close to the targets; with a relative tolerance
            the numbers in the message are shares of their variance.
        TypeError, ValueError
            If an argument or a parameter does not fit, or is not a finite real number; ``gamma``
            does not fit a kernel that is a function.

        Warns
        -----
        InputWarning
            If columns of ``X`` have very different scales, if a relative tolerance without
            intercept is mostly one of a mean, or if "auto" chose the mean of the targets.
        """
        rounds = _rounds(self.rounds)
        for name in ("relative", "fit_intercept"):
            _checks.flag(name, getattr(self, name))
        kernel = self._kernel()
        for name, value in (("X", X), ("y", y), ("sample_weight", sample_weight)):
            _checks.unmasked(name, value)  # scikit-learn takes masked entries for numbers
        X, y = validate_data(self, X, y, dtype=np.float64, multi_output=True, y_numeric=True)
        y = np.asarray(y, dtype=np.float64)
        _checks.within_range("y", y)
        tolerance = _checks.tolerance(self.tolerance, y.shape[1:])
        if self.noise_variance is not None:
            _checks.per_column("noise_variance", self.noise_variance, y.shape[1:])
        count, weights = None, None
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, X)
            count, weights = sample_weight.sum(), _checks.weights(sample_weight, len(X))
        if self._sees_scales():
            diagnosis.warn_of_scales(X if weights is None else X[weights > 0])
        self.X_fit_ = X
        self.intercept_ = np.zeros(y.shape[1:])[()]
        if self.fit_intercept:
            self.intercept_ = np.average(y, axis=0, weights=weights)
        elif self.relative:
            diagnosis.warn_of_offset_in_share(y, tolerance, weights)
        centred, self._unit = _in_units(y - self.intercept_, y, weights, self.relative)
        try:
            self.chain_ = distill(
                gram_matrix(kernel, X),
                centred,
                tolerance,
                weights=weights,
                max_rounds=None if rounds == "auto" else rounds,
            )
        except InfeasibleToleranceError as error:
            raise self._in_shares(error) from None
        self.rounds_ = self._best_rounds(count) if rounds == "auto" else rounds
        if rounds == "auto" and (outputs := self._constant_outputs()):
            diagnosis.warn_of_constant_predictions(outputs if y.ndim == 2 else None)
        self.dual_coef_ = self._unit * _dual_coefficients(self.chain_, self.rounds_)
        return self

    def predict(self, X):
        """Return the predictions after ``rounds_`` rounds; after collapse the mean of the targets.

        Parameters
        ----------
        X : array_like, shape (m, p)
            New points, or their kernel values (m, K) with the training points.

        Returns
        -------
        ndarray, shape (m,) or (m, Q)
        """
        return self._cross(X) * len(self.X_fit_) @ self.dual_coef_ + self.intercept_

    def staged_predict(self, X):
        """Yield the predictions after one round, after two, and so on.

        If ``rounds`` is a number there are as many, and the last are those of ``predict``. With
        "auto" they end with those after the collapse of every output.

        Parameters
        ----------
        X : array_like, shape (m, p)
            As for :meth:`predict`.

        Yields
        ------
        ndarray, shape (m,) or (m, Q)
        """
        cross = self._cross(X)
        fits = self.chain_.predict(cross)
        stages = len(fits) + 1 if self.rounds == "auto" else self.rounds
        collapsed = np.zeros(fits.shape[1:])
        for t in range(stages):
            yield self._unit * (fits[t] if t < len(fits) else collapsed) + self.intercept_

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.pairwise = isinstance(self.kernel, str) and self.kernel == "precomputed"
        return tags

    def _kernel(self):
        """Return the kernel as a function of two sets of points."""
        if callable(self.kernel):
            if self.gamma is not None:
                raise ValueError(
                    "gamma belongs to a kernel given by name; a kernel that is a function has its "
                    "parameters in it"
                )
            return self.kernel
        if not isinstance(self.kernel, str):
            raise TypeError(
                "kernel must be a name or a function of two sets of points, not of the type "
                f"{type(self.kernel).__name__}"
            )
        own = {name: _checks.real_number(name, getattr(self, name)) for name in ("degree", "coef0")}
        if self.gamma is not None:  # otherwise each kernel has its own
            own["gamma"] = _checks.positive_number("gamma", self.gamma)
        if self.kernel == "rbf":  # pairwise_kernels loses digits, and with them semidefiniteness
            return partial(_gaussian, gamma=self.gamma)
        return partial(pairwise_kernels, metric=self.kernel, filter_params=True, **own)

    def _sees_scales(self):
        """Whether columns of larger scale count for more in the kernel."""
        if isinstance(self.kernel, str):
            return self.kernel not in ("precomputed", *_OF_HISTOGRAMS)
        return isinstance(self.kernel, (RBF, Matern))

    def _cross(self, X):
        check_is_fitted(self)
        _checks.unmasked("X", X)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        return cross_matrix(self._kernel(), X, self.X_fit_)

    def _best_rounds(self, count):
        """Return the number of rounds with the smallest score; one more than T is the mean."""
        variance = 0.0
        if self.noise_variance is None:
            scores = generalized_cross_validation(self.chain_, count=count)
        else:
            variance = np.asarray(self.noise_variance) / self._unit / self._unit
            scores = risk_estimate(self.chain_, variance, count=count)
        # the score of the mean of the targets
        nothing = np.mean(self.chain_.coordinates**2, axis=0) - variance
        best = np.argmin(np.concatenate([scores, nothing[None]]), axis=0) + 1
        return best if best.ndim else int(best)

    def _constant_outputs(self):
        """Return the outputs that have a chain, and take the mean of their targets all the same."""
        collapsed = np.atleast_1d((self.rounds_ > self.chain_.rounds) & (self.chain_.rounds > 0))
        return np.flatnonzero(collapsed).tolist()

    def _in_shares(self, error):
        """Return the error of an infeasible tolerance with the unit of its numbers."""
        if not self.relative:
            return error
        of = "variance" if self.fit_intercept else "mean square"
        return InfeasibleToleranceError(
            f"{error} Tolerance and residual are shares of the {of} of the targets.", error.floor
        )


def _gaussian(x, t, gamma):
    gamma = 1 / x.shape[1] if gamma is None else gamma
    return RBF(np.sqrt(0.5) / np.sqrt(gamma))(x, t)


def _rounds(value):
    """Return a number of rounds, or "auto"."""
    if isinstance(value, str) and value == "auto":
        return value
    try:
        return _checks.whole_number("rounds", value, minimum=1)
    except TypeError:
        raise TypeError(f'rounds must be a whole number or "auto", not {value!r}') from None


def _in_units(centred, y, weights, relative):
    """Return targets in units of their standard deviations or of 1, and these units.

    Targets that differ by rounding only are constant.
    """
    largest = np.abs(centred).max(axis=0)
    squares = (centred / np.where(largest > 0, largest, 1.0)) ** 2
    deviation = largest * np.sqrt(np.average(squares, axis=0, weights=weights))
    constant = deviation <= _SAME * np.finfo(float).eps * np.abs(y).max(axis=0)
    unit = np.where(constant | (not relative), 1.0, deviation)[()]
    return np.where(constant, 0.0, centred / unit), unit


def _dual_coefficients(chain, rounds):
    """Return the factors of the kernel functions after so many rounds, (K,) or (K, Q)."""
    size, *columns = chain.coordinates.shape
    stages = np.concatenate([chain.coefficients, np.zeros((1, size, *columns))])
    last = np.broadcast_to(np.minimum(rounds, len(stages)) - 1, (1, size, *columns))
    return np.take_along_axis(stages, last, axis=0)[0] / size
