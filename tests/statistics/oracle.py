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


def log_e_above(better, same, worse, mean, stakes):
    """One fortune for each stake, in logarithms; `logsumexp` averages them."""
    from scipy.special import logsumexp, xlog1py

    stakes = np.array(stakes, dtype=np.longdouble)
    stakes = stakes / (1 + mean) if mean > 0 else stakes
    counts = {1: better, 0: same, -1: worse}
    fortunes = sum(xlog1py(count, (stakes * (d - mean)).astype(float)) for d, count in counts.items())
    return float(logsumexp(fortunes, b=1 / len(stakes)))


def paired(better, same, worse, margin, alpha, stakes):
    """The three e-values' logarithms, and the ends of the interval as the roots of theirs."""
    from scipy.optimize import brentq

    def end(better, worse):
        distance = lambda mean: log_e_above(better, same, worse, mean, stakes) + np.log(alpha)
        return brentq(distance, -1, 1, xtol=1e-12) if distance(-1) > 0 else -1.0

    return [
        log_e_above(better, same, worse, 0, stakes),
        log_e_above(better, same, worse, -margin, stakes),
        log_e_above(worse, same, better, 0, stakes),
        end(better, worse),
        -end(worse, better),
    ]


def sample_ratio(declared, first, second):
    """By beta functions, and for few requests by numeric integration over all shares too."""
    from scipy.integrate import quad
    from scipy.special import betaln
    from scipy.stats import binom

    closed = betaln(first + 0.5, second + 0.5) - betaln(0.5, 0.5)
    closed -= first * np.log(declared) + second * np.log1p(-declared)
    if first + second > 300:
        return [closed, None]
    # Of the arcsine distribution, over its angle: no pole at either end.
    chance = lambda angle: binom.pmf(first, first + second, np.sin(angle) ** 2) * 2 / np.pi
    mixed = quad(chance, 0, np.pi / 2, epsabs=0, epsrel=1e-10, limit=200)[0]
    return [closed, np.log(mixed) - binom.logpmf(first, first + second, declared)]


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
    "paired": paired,
    "sample_ratio": sample_ratio,
    "detector": detector,
}

question = json.load(sys.stdin)
answer = ANSWERS[question["of"]]
json.dump([answer(*case) for case in question["cases"]], sys.stdout)
