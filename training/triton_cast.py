"""Casts the rays of a tile of pixels at the listed primitives: see `renderer_torch` for what each step means (Triton)."""

import triton
import triton.language as tl


@triton.jit
def slab(own, half, l, t, possible):
    """One pair of a box's planes: the ray enters through the one that faces the camera."""
    edge = tl.where(own > half, half - own, tl.where(own < -half, -half - own, 0.0))
    # Where the camera is between the two, the edge is 0, and so is edge / l.
    return tl.maximum(t, edge / l), possible & (edge * l >= 0.0)


@triton.jit
def cast_box(p, x, y, SEAM: tl.constexpr):
    cx = tl.load(p)
    cy = tl.load(p + 1)
    cz = tl.load(p + 2)
    e00 = tl.load(p + 3)
    e01 = tl.load(p + 4)
    e02 = tl.load(p + 5)
    e10 = tl.load(p + 6)
    e11 = tl.load(p + 7)
    e12 = tl.load(p + 8)
    e20 = tl.load(p + 9)
    e21 = tl.load(p + 10)
    e22 = tl.load(p + 11)
    h0 = tl.load(p + 12)
    h1 = tl.load(p + 13)
    h2 = tl.load(p + 14)
    o0 = -(e00 * cx + e01 * cy + e02 * cz)
    o1 = -(e10 * cx + e11 * cy + e12 * cz)
    o2 = -(e20 * cx + e21 * cy + e22 * cz)
    l0 = x * e00 + y * e01 + e02
    l1 = x * e10 + y * e11 + e12
    l2 = x * e20 + y * e21 + e22
    t = x * 0.0
    possible = t == 0.0
    t, possible = slab(o0, h0, l0, t, possible)
    t, possible = slab(o1, h1, l1, t, possible)
    t, possible = slab(o2, h2, l2, t, possible)
    possible = possible & (tl.abs(o0 + t * l0) <= h0 + SEAM) & (tl.abs(o1 + t * l1) <= h1 + SEAM)
    possible = possible & (tl.abs(o2 + t * l2) <= h2 + SEAM)
    return tl.where(possible, t, float('inf'))


@triton.jit
def cast_round(p, x, y, dd, CAPPED: tl.constexpr):
    cx = tl.load(p)
    cy = tl.load(p + 1)
    cz = tl.load(p + 2)
    nx = tl.load(p + 9)
    ny = tl.load(p + 10)
    nz = tl.load(p + 11)
    radius = tl.load(p + 12)
    half = tl.load(p + 13)
    along = -(nx * cx + ny * cy + nz * cz)
    wx = -along * nx - cx
    wy = -along * ny - cy
    wz = -along * nz - cz
    c = wx * wx + wy * wy + wz * wz - radius * radius
    dn = x * nx + y * ny + nz
    a = dd - dn * dn
    b = x * wx + y * wy + wz
    discriminant = b * b - a * c
    t = -(b + tl.sqrt(tl.maximum(discriminant, 0.0))) / (a + 1e-30)
    z = along + t * dn
    offset = tl.where(z > 0.0, half, -half) - along
    if CAPPED:
        de = offset * dn - b
        squared = de * de - dd * (c + offset * offset)
        end = tl.where(squared >= 0.0, (de - tl.sqrt(tl.maximum(squared, 0.0))) / dd, float('inf'))
    else:
        end = offset / dn
        end = tl.where(a * end * end + 2.0 * b * end + c > 0.0, float('inf'), end)
    t = tl.where(tl.abs(z) > half, end, t)
    return tl.where(discriminant >= 0.0, t, float('inf'))


@triton.jit
def cast_sphere(p, x, y, dd):
    cx = tl.load(p)
    cy = tl.load(p + 1)
    cz = tl.load(p + 2)
    radius = tl.load(p + 12)
    c = cx * cx + cy * cy + cz * cz - radius * radius
    b = x * cx + y * cy + cz
    discriminant = b * b - dd * c
    return tl.where(discriminant >= 0.0, (b - tl.sqrt(tl.maximum(discriminant, 0.0))) / dd, float('inf'))


@triton.jit
def cast_ellipsoid(p, x, y):
    cx = tl.load(p)
    cy = tl.load(p + 1)
    cz = tl.load(p + 2)
    a = x * 0.0
    b = x * 0.0
    c = -1.0
    for k in tl.static_range(3):
        e0 = tl.load(p + 3 + 3 * k)
        e1 = tl.load(p + 4 + 3 * k)
        e2 = tl.load(p + 5 + 3 * k)
        inverse = 1.0 / tl.load(p + 12 + k)
        o = -(e0 * cx + e1 * cy + e2 * cz) * inverse
        l = (x * e0 + y * e1 + e2) * inverse
        a += l * l
        b += l * o
        c += o * o
    discriminant = b * b - a * c
    return tl.where(discriminant >= 0.0, -(b + tl.sqrt(tl.maximum(discriminant, 0.0))) / a, float('inf'))


@triton.jit
def cast_plane(p, x, y):
    cx = tl.load(p)
    cy = tl.load(p + 1)
    cz = tl.load(p + 2)
    e0 = tl.load(p + 9)
    e1 = tl.load(p + 10)
    e2 = tl.load(p + 11)
    height = -(e0 * cx + e1 * cy + e2 * cz)
    fall = -(x * e0 + y * e1 + e2)
    t = tl.where(fall > 0.0, height / fall, float('inf'))
    for k in tl.static_range(2):
        a0 = tl.load(p + 3 + 3 * k)
        a1 = tl.load(p + 4 + 3 * k)
        a2 = tl.load(p + 5 + 3 * k)
        half = tl.load(p + 12 + k)
        half = tl.where(half > 0.0, half, float('inf'))
        place = -(a0 * cx + a1 * cy + a2 * cz) + t * (x * a0 + y * a1 + a2)
        t = tl.where(tl.abs(place) > half, float('inf'), t)
    return t


@triton.jit
def cast_kind(base, first, last, x, y, dd, x0, x1, y0, y1, t, hit, KIND: tl.constexpr, SEAM: tl.constexpr):
    """Tries the primitives `first` … `last` − 1, all of one kind, where their bounds meet the tile's."""
    for i in range(first, last):
        p = base + i * 20
        meets = (tl.load(p + 15) <= x1) & (tl.load(p + 16) >= x0) & (tl.load(p + 17) <= y1) & (tl.load(p + 18) >= y0)
        if meets:
            if KIND == 0:
                new = cast_box(p, x, y, SEAM)
            elif KIND == 1:
                new = cast_round(p, x, y, dd, True)
            elif KIND == 2:
                new = cast_round(p, x, y, dd, False)
            elif KIND == 3:
                new = cast_sphere(p, x, y, dd)
            elif KIND == 4:
                new = cast_ellipsoid(p, x, y)
            else:
                new = cast_plane(p, x, y)
            closer = (new > 0.0) & (new < t)
            t = tl.where(closer, new, t)
            hit = tl.where(closer, i, hit)
    return t, hit
