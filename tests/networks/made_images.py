"""Random images in the form of CIFAR, for the tests of what is done with data sets."""

import numpy as np


def random_arrays(seed=0, n_train=12, n_test=5, n_classes=10):
    rng = np.random.default_rng(seed)
    arrays = []
    for n in (n_train, n_test):
        arrays.append(rng.integers(0, 256, (n, 32, 32, 3), dtype=np.uint8))
        arrays.append(rng.integers(0, n_classes, n))
    return arrays


def permuted(arrays, seed):
    rng = np.random.default_rng(seed)
    train, test = rng.permutation(len(arrays[0])), rng.permutation(len(arrays[2]))
    return [arrays[0][train], arrays[1][train], arrays[2][test], arrays[3][test]]
