#!/usr/bin/env python3
"""Where the coefficients in this folder come from: minimax polynomials and rationals by Remez's exchange, in mpmath.

Prints, for every approximation, its coefficients from the constant term up, and the largest error relative to `scale`, before rounding them.
Run: python3 minimax.py [NAME...]
"""
import sys
from mpmath import asin, atan, cos, erf, erfc, exp, expm1, fabs, log, log1p, lu_solve, matrix, mp, mpf, pi, sin, sinh, sqrt, tan, tanh

mp.dps = 60


def remez(f, scale, low, high, top, bottom=0, sweeps=30):
    """P/Q with degrees top/bottom (Q(0) = 1), minimising the largest |P/Q - f| / scale over [low, high]."""
    low, high = mpf(low), mpf(high)
    count = top + bottom + 2
    points = [(low + high) / 2 - (high - low) / 2 * cos(pi * i / (count - 1)) for i in range(count)]
    grid = [(low + high) / 2 - (high - low) / 2 * cos(pi * i / mpf(24 * count)) for i in range(24 * count + 1)]
    fg = [(f(x), scale(x)) for x in grid]
    value = lambda p, q, x: sum(c * x**i for i, c in enumerate(p)) / sum(c * x**i for i, c in enumerate(q))
    q = [mpf(1)] + [mpf(0)] * bottom
    best = None
    for _ in range(sweeps):
        for _ in range(8 if bottom else 1):
            a, b = matrix(count, count), matrix(count, 1)
            for i, x in enumerate(points):
                for j in range(top + 1):
                    a[i, j] = x**j
                for j in range(bottom):
                    a[i, top + 1 + j] = -f(x) * x**(j + 1)
                a[i, count - 1] = (-1)**i * scale(x) * sum(c * x**k for k, c in enumerate(q))
                b[i] = f(x)
            s = lu_solve(a, b)
            p, q = [s[j] for j in range(top + 1)], [mpf(1)] + [s[top + 1 + j] for j in range(bottom)]
        error = [(value(p, q, x) - y) / w for x, (y, w) in zip(grid, fg)]
        worst = max(fabs(e) for e in error)
        if best is None or worst < best[0]:
            best = (worst, p, q)
        groups, start = [], 0
        for i in range(1, len(grid) + 1):
            if i == len(grid) or (error[i] > 0) != (error[start] > 0):
                groups.append(max(range(start, i), key=lambda k: fabs(error[k])))
                start = i
        while len(groups) > count:
            drop = 0 if fabs(error[groups[0]]) < fabs(error[groups[-1]]) else -1
            groups.pop(drop)
        if len(groups) < count:
            break
        smallest = min(fabs(error[g]) for g in groups)
        points = [grid[g] for g in groups]
        if worst / smallest < mpf('1.02'):
            break
    return best


half_log2 = log(mpf(2)) / 2 + mpf(2)**-20
tiny = mpf(10)**-12


def exp_rest(x):  # (exp(x) - 1 - x) / x^2
    return mpf(1) / 2 + x / 6 + x * x / 24 if fabs(x) < tiny else (exp(x) - 1 - x) / x**2


def odd_rest(f, third, fifth):  # (f(sqrt z) - sqrt z) / (z sqrt z)
    return lambda z: third + fifth * z if z < tiny else (f(sqrt(z)) - sqrt(z)) / (z * sqrt(z))


def over_root(f, first, third):  # f(sqrt z) / sqrt z
    return lambda z: first + third * z if z < tiny else f(sqrt(z)) / sqrt(z)


def log_rest(x):  # (log(1 + x) - x + x^2 / 2) / x^3
    return mpf(1) / 3 - x / 4 + x * x / 5 if fabs(x) < tiny else (log1p(x) - x + x * x / 2) / x**3


third = mpf(1) / 3
root_half = sqrt(mpf(1) / 2)
sin_rest = odd_rest(sin, -third / 2, mpf(1) / 120)
cos_rest = lambda z: mpf(1) / 24 - z / 720 if z < tiny else (cos(sqrt(z)) - 1 + z / 2) / z**2
asin_rest = odd_rest(asin, third / 2, mpf(3) / 40)
atan_rest = odd_rest(atan, -third, mpf(1) / 5)
sinh_rest = odd_rest(sinh, third / 2, mpf(1) / 120)
quarter2 = (pi / 4)**2 + mpf(2)**-20
# log(1+f) = 2 atanh(s), s = f/(2+f): (2 atanh(s) - 2 s)/ s as a polynomial in z = s^2, times z
log_s = lambda z: 2 * third + z * 2 / 5 if z < tiny else (log((1 + sqrt(z)) / (1 - sqrt(z))) - 2 * sqrt(z)) / (z * sqrt(z))
s_max = (sqrt(mpf(2)) - 1) / (sqrt(mpf(2)) + 1)
erf_root = over_root(erf, 2 / sqrt(pi), -2 / (3 * sqrt(pi)))
erfcx = lambda x: exp(x * x) * erfc(x)
# of t = (x - 2) / (x + 2)
erfc_t = lambda t: erfcx(2 * (1 + t) / (1 - t))

ONE = lambda _: mpf(1)
TABLE = {
    'exp.f32': (exp_rest, lambda x: exp(x) / max(x * x, mpf(10)**-3), -half_log2, half_log2, 4),
    'exp.f64': (exp_rest, lambda x: exp(x) / max(x * x, mpf(10)**-3), -half_log2, half_log2, 9),
    'expm1.f32': (exp_rest, lambda x: fabs(expm1(x)) / x**2 if fabs(x) > mpf('.02') else mpf(50), -half_log2, half_log2, 5),
    'expm1.f64': (exp_rest, lambda x: fabs(expm1(x)) / x**2 if fabs(x) > mpf('.02') else mpf(50), -half_log2, half_log2, 10),
    'log.f32': (log_rest, lambda x: 1 / max(x * x, mpf('.01')), root_half - 1, sqrt(mpf(2)) - 1, 8),
    'log.f64': (log_s, lambda z: 1 / max(z, mpf('1e-3')), 0, s_max**2, 6),
    'sin.f32': (sin_rest, lambda z: 1 / max(z, mpf('.01')), 0, quarter2, 2),
    'sin.f64': (sin_rest, lambda z: 1 / max(z, mpf('.01')), 0, quarter2, 5),
    'cos.f32': (cos_rest, lambda z: 1 / max(z, mpf('.05'))**2, 0, quarter2, 2),
    'cos.f64': (cos_rest, lambda z: 1 / max(z, mpf('.05'))**2, 0, quarter2, 5),
    'asin.f32': (asin_rest, lambda z: 1 / max(z, mpf('.01')), 0, mpf(1) / 4, 4),
    'asin.f64': (asin_rest, lambda z: 1 / max(z, mpf('.01')), 0, mpf(1) / 4, 12),
    'atan.f32': (atan_rest, lambda z: 1 / max(z, mpf('.01')), 0, tan(pi / 8)**2, 4),
    'atan.f64': (atan_rest, lambda z: 1 / max(z, mpf('.01')), 0, tan(pi / 8)**2, 10),
    'sinh.f32': (sinh_rest, lambda z: 1 / max(z, mpf('.05')), 0, 1, 3),
    'sinh.f64': (sinh_rest, lambda z: 1 / max(z, mpf('.05')), 0, 1, 6),
    'pow.f64': (lambda z: mpf(2) / 5 + z * 2 / 7 if z < tiny else (log_s(z) - 2 * third) / z, ONE, 0, s_max**2, 8),
    # for pow.f32, inside f64: log2 to 2^-40, exp2 to 2^-32
    'log2.f64': (lambda z: log_s(z) / log(mpf(2)), lambda z: 1 / max(z, mpf('1e-3')), 0, s_max**2, 3),
    'exp2.f64': (lambda x: log(mpf(2)) if fabs(x) < tiny else expm1(x * log(mpf(2))) / x, lambda x: 1 / (fabs(x) + mpf('.1')), -mpf(1) / 2, mpf(1) / 2, 6),
    'tanh.f32': (over_root(tanh, mpf(1), -third), lambda z: over_root(tanh, mpf(1), -third)(z), 0, mpf('9.1')**2, 6, 3),
    'erf.f32': (erf_root, erf_root, 0, mpf('3.95')**2, 6, 5),
    'erf.f64': (erf_root, erf_root, 0, 1, 13),
    'erfc.f64': (erfc_t, lambda t: exp((2 * (1 + t) / (1 - t))**2), mpf(-1) / 3, mpf(1) / 2, 16),
}

if __name__ == '__main__':
    for name, (f, scale, low, high, top, *bottom) in TABLE.items():
        if len(sys.argv) > 1 and name not in sys.argv[1:]:
            continue
        single = name.endswith('f32')
        worst, p, q = remez(f, scale, low, high, top, *bottom)
        print(f'{name}: error {mp.nstr(worst, 3)} = 2^{mp.nstr(log(worst) / log(2), 4)}')
        print('  ' + ', '.join(mp.nstr(c, 10 if single else 18) for c in p))
        if bottom:
            print('  / ' + ', '.join(mp.nstr(c, 10 if single else 18) for c in q))
