"""Answers in JSON what SciPy and river make of the tables, p-values and streams that come in JSON.

    python oracle.py < question.json
"""

import json
import sys

import numpy as np


def chi_square(reference, window):
    from scipy.stats import chi2_contingency

    table = np.array([reference, window], dtype=float)
    table = table[:, table.sum(axis=0) > 0]
    tested = chi2_contingency(table, correction=False)
    return [tested.statistic, tested.pvalue]


def kolmogorov_smirnov(reference, window):
    from scipy.special import kolmogorov
    from scipy.stats import ks_2samp

    bins = np.arange(len(reference))
    samples = np.repeat(bins, reference), np.repeat(bins, window)
    tested = ks_2samp(*samples)
    m, n = (len(sample) for sample in samples)
    root = np.sqrt(m * n / (m + n))
    return [tested.statistic, kolmogorov((root + 0.12 + 0.11 / root) * tested.statistic), tested.pvalue]


def fisher_exact(reference, window):
    from scipy.stats import fisher_exact

    return fisher_exact([reference, window])[1]


def benjamini_hochberg(p_values):
    from scipy.stats import false_discovery_control

    return list(false_discovery_control(p_values, method="bh"))


def chi_square_tail(x, degrees):
    from scipy.stats import chi2

    return chi2.sf(x, degrees)


def detector(name, options, stream):
    from river import drift

    found = {"adwin": drift.ADWIN, "page_hinkley": drift.PageHinkley}[name](**options)
    decisions = []
    for at, value in enumerate(stream):
        found.update(value)
        if found.drift_detected:
            decisions.append(at)
    return decisions


ANSWERS = {
    "chi_square": chi_square,
    "kolmogorov_smirnov": kolmogorov_smirnov,
    "fisher_exact": fisher_exact,
    "benjamini_hochberg": benjamini_hochberg,
    "chi_square_tail": chi_square_tail,
    "detector": detector,
}

question = json.load(sys.stdin)
answer = ANSWERS[question["of"]]
json.dump([answer(*case) for case in question["cases"]], sys.stdout)
