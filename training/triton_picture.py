"""Renders a tile of pixels: the rays, what they hit, and its colour; see `renderer_torch` (Triton)."""

import triton
import triton.language as tl

from .triton_cast import cast_kind


@triton.jit
def hash01(i, j):
    """`scene.hash_numpy` of int32."""
    h = (i.to(tl.uint32, bitcast=True) * 0x27D4EB2D) ^ (j.to(tl.uint32, bitcast=True) * 0x165667B1)
    h = (h ^ (h >> 15)) * 0x2C1B3C6D
    h = (h ^ (h >> 12)) * 0x297A2D39
    return (h ^ (h >> 15)).to(tl.float32) * 2.3283064365386963e-10


@triton.jit
def noise01(x, y, z, seed):
    """`torch_shading.noise_torch`."""
    fx = tl.floor(x)
    fy = tl.floor(y)
    fz = tl.floor(z)
    i = fx.to(tl.int32) + seed
    j = fy.to(tl.int32) * 1009 + fz.to(tl.int32) * 9176
    x -= fx
    y -= fy
    z -= fz
    x = x * x * (3.0 - 2.0 * x)
    y = y * y * (3.0 - 2.0 * y)
    z = z * z * (3.0 - 2.0 * z)
    low = (1.0 - y) * ((1.0 - x) * hash01(i, j) + x * hash01(i + 1, j))
    low += y * ((1.0 - x) * hash01(i, j + 1009) + x * hash01(i + 1, j + 1009))
    high = (1.0 - y) * ((1.0 - x) * hash01(i, j + 9176) + x * hash01(i + 1, j + 9176))
    high += y * ((1.0 - x) * hash01(i, j + 10185) + x * hash01(i + 1, j + 10185))
    return (1.0 - z) * low + z * high


@triton.jit
def channel(
    albedo, brightness, lit, sky, mirrored, shine, haze, up, seen, s, tone, SCALE: tl.constexpr, STEPS: tl.constexpr
):
    """One colour channel, 8 bits. `s` points at the channel of the style's light."""
    lamp = tl.load(s)
    horizon = tl.load(s + 9)
    linear = albedo * brightness * (lit * lamp + tl.load(s + 6) + sky * tl.load(s + 3))
    linear += mirrored * horizon + shine * lamp
    linear += haze * (horizon - linear)
    linear = tl.where(seen, linear, horizon + up * tl.load(s + 12))
    index = tl.minimum((linear * SCALE).to(tl.int32), STEPS - 1)
    return tl.load(tone + tl.maximum(index, 0))


@triton.jit
def picture_kernel(
    records,
    sources,
    starts,
    camera,
    scene,
    finish,
    body,
    style,
    albedo,
    gloss,
    noise,
    seed,
    tone,
    wood,
    colour,
    depth,
    seen_body,
    size,
    H: tl.constexpr,
    W: tl.constexpr,
    TILE: tl.constexpr,
    NOISY: tl.constexpr,
    STEPS: tl.constexpr,
    SCALE: tl.constexpr,
    SEAM: tl.constexpr,
    END: tl.constexpr,
    REFLECTANCE: tl.constexpr,
    HIGHLIGHT: tl.constexpr,
    EDGE: tl.constexpr,
    FLOOR: tl.constexpr,
    WOOD_SIDE: tl.constexpr,
    WOOD_DENSITY: tl.constexpr,
    TILE_SIDE: tl.constexpr,
    TILE_JOINT: tl.constexpr,
    TILE_DARK: tl.constexpr,
    TILE_ODD: tl.constexpr,
    TILE_EVEN: tl.constexpr,
    TILE_VARY: tl.constexpr,
):
    """A program a tile of a frame: colour [F, 3, H, W] u8, depth [F, H, W], seen_body [F, H, W] i16."""
    f = tl.program_id(0).to(tl.int64)
    tiles_across: tl.constexpr = (W + TILE - 1) // TILE
    tile = tl.program_id(1)
    first_u = (tile % tiles_across) * TILE
    first_v = (tile // tiles_across) * TILE
    pixel = tl.arange(0, TILE * TILE)
    u = first_u + pixel % TILE
    v = first_v + pixel // TILE
    c = camera + f * 16
    fx = tl.load(c)
    fy = tl.load(c + 1)
    px = tl.load(c + 2)
    py = tl.load(c + 3)
    x = (u + 0.5 - px) / fx
    y = (v + 0.5 - py) / fy
    dd = x * x + y * y + 1.0
    inverse = 1.0 / tl.sqrt(dd)
    x0 = (first_u - px) / fx
    x1 = (first_u + TILE - px) / fx
    y0 = (first_v - py) / fy
    y1 = (first_v + TILE - py) / fy

    base = records + f * size * 20
    s = starts + f * 7
    n0 = tl.load(s)
    n1 = tl.load(s + 1)
    n2 = tl.load(s + 2)
    n3 = tl.load(s + 3)
    n4 = tl.load(s + 4)
    n5 = tl.load(s + 5)
    n6 = tl.load(s + 6)
    t = tl.full((TILE * TILE,), float('inf'), tl.float32)
    hit = tl.full((TILE * TILE,), -1, tl.int32)
    t, hit = cast_kind(base, n0, n1, x, y, dd, x0, x1, y0, y1, t, hit, 0, SEAM)
    t, hit = cast_kind(base, n1, n2, x, y, dd, x0, x1, y0, y1, t, hit, 1, SEAM)
    t, hit = cast_kind(base, n2, n3, x, y, dd, x0, x1, y0, y1, t, hit, 2, SEAM)
    t, hit = cast_kind(base, n3, n4, x, y, dd, x0, x1, y0, y1, t, hit, 3, SEAM)
    t, hit = cast_kind(base, n4, n5, x, y, dd, x0, x1, y0, y1, t, hit, 4, SEAM)
    t, hit = cast_kind(base, n5, n6, x, y, dd, x0, x1, y0, y1, t, hit, 5, SEAM)

    # What is hit.
    seen = hit >= 0
    is_box = hit < n1
    is_cylinder = (hit >= n2) & (hit < n3)
    is_sphere = (hit >= n3) & (hit < n4)
    is_ellipsoid = (hit >= n4) & (hit < n5)
    is_plane = hit >= n5
    t = tl.where(seen, t, 1.0)
    row = tl.where(seen, hit, 0)
    p = base + row * 20
    qx = x * t - tl.load(p, mask=seen, other=0.0)
    qy = y * t - tl.load(p + 1, mask=seen, other=0.0)
    qz = t - tl.load(p + 2, mask=seen, other=0.0)
    e00 = tl.load(p + 3, mask=seen, other=1.0)
    e01 = tl.load(p + 4, mask=seen, other=0.0)
    e02 = tl.load(p + 5, mask=seen, other=0.0)
    e10 = tl.load(p + 6, mask=seen, other=0.0)
    e11 = tl.load(p + 7, mask=seen, other=1.0)
    e12 = tl.load(p + 8, mask=seen, other=0.0)
    e20 = tl.load(p + 9, mask=seen, other=0.0)
    e21 = tl.load(p + 10, mask=seen, other=0.0)
    e22 = tl.load(p + 11, mask=seen, other=1.0)
    h0 = tl.load(p + 12, mask=seen, other=1.0)
    h1 = tl.load(p + 13, mask=seen, other=1.0)
    h2 = tl.load(p + 14, mask=seen, other=1.0)
    q0 = qx * e00 + qy * e01 + qz * e02
    q1 = qx * e10 + qy * e11 + qz * e12
    q2 = qx * e20 + qy * e21 + qz * e22

    # Its normal, and the coordinates on flat surfaces.
    length = tl.where(is_sphere, 0.0, h1)
    nearest = tl.minimum(tl.maximum(q2, -length), length)
    nx = (qx - nearest * e20) / h0
    ny = (qy - nearest * e21) / h0
    nz = (qz - nearest * e22) / h0
    flat = (is_cylinder & (tl.abs(q2) > h1 - END)) | is_plane
    sign = tl.where(is_plane | (q2 > 0.0), 1.0, -1.0)
    nx = tl.where(flat, sign * e20, nx)
    ny = tl.where(flat, sign * e21, ny)
    nz = tl.where(flat, sign * e22, nz)
    w0 = q0 / (h0 * h0)
    w1 = q1 / tl.maximum(h1 * h1, 1e-30)
    w2 = q2 / tl.maximum(h2 * h2, 1e-30)
    scale = 1.0 / tl.sqrt(tl.maximum(w0 * w0 + w1 * w1 + w2 * w2, 1e-30))
    nx = tl.where(is_ellipsoid, (w0 * e00 + w1 * e10 + w2 * e20) * scale, nx)
    ny = tl.where(is_ellipsoid, (w0 * e01 + w1 * e11 + w2 * e21) * scale, ny)
    nz = tl.where(is_ellipsoid, (w0 * e02 + w1 * e12 + w2 * e22) * scale, nz)
    d0 = tl.abs(q0) - h0
    d1 = tl.abs(q1) - h1
    d2 = tl.abs(q2) - h2
    side0 = (d0 > d1) & (d0 > d2)
    side1 = (d1 > d2) & (side0 == 0)
    sign = tl.where(tl.where(side0, q0, tl.where(side1, q1, q2)) > 0.0, 1.0, -1.0)
    nx = tl.where(is_box, sign * tl.where(side0, e00, tl.where(side1, e10, e20)), nx)
    ny = tl.where(is_box, sign * tl.where(side0, e01, tl.where(side1, e11, e21)), ny)
    nz = tl.where(is_box, sign * tl.where(side0, e02, tl.where(side1, e12, e22)), nz)
    s0 = tl.where(is_box & (side0 | side1), q2, q0)
    s1 = tl.where(is_box & side1, q0, q1)

    # Its material.
    own_scene = tl.load(scene + f).to(tl.int64)
    g = tl.load(sources + f * size + row, mask=seen, other=0)
    kind_of_finish = tl.load(finish + own_scene * size + g, mask=seen, other=0)
    column = tl.floor(s0 * WOOD_DENSITY).to(tl.int32) & (WOOD_SIDE - 1)
    line = tl.floor(s1 * WOOD_DENSITY).to(tl.int32) & (WOOD_SIDE - 1)
    is_wood = seen & (kind_of_finish == 2)
    brightness = tl.load(wood + column * WOOD_SIDE + line, mask=is_wood, other=1.0)
    fi = tl.floor(s0 / TILE_SIDE)
    fj = tl.floor(s1 / TILE_SIDE)
    dx = s0 - fi * TILE_SIDE
    dy = s1 - fj * TILE_SIDE
    joint = (tl.minimum(dx, dy) < TILE_JOINT) | (tl.maximum(dx, dy) > TILE_SIDE - TILE_JOINT)
    i = fi.to(tl.int32)
    j = fj.to(tl.int32)
    tiled = tl.where(((i + j) & 1) == 1, TILE_ODD, TILE_EVEN) + TILE_VARY * (hash01(i, j) - 0.5)
    brightness = tl.where(kind_of_finish == 1, tl.where(joint, TILE_DARK, tiled), brightness)
    at = f * size + g
    if NOISY:
        strength = tl.load(noise + 2 * at, mask=seen, other=0.0)
        cells = tl.load(noise + 2 * at + 1, mask=seen, other=0.0)
        shift = tl.load(seed + f) + 131 * g
        brightness *= 1.0 + strength * (2.0 * noise01(q0 * cells, q1 * cells, q2 * cells, shift) - 1.0)
    shiny = tl.load(gloss + at, mask=seen, other=0.0)

    # Light.
    look = style + f * 19
    wx = tl.load(look)
    wy = tl.load(look + 1)
    wz = tl.load(look + 2)
    ux = tl.load(c + 12)
    uy = tl.load(c + 13)
    uz = tl.load(c + 14)
    lx = tl.load(c + 4) * wx + tl.load(c + 8) * wy + ux * wz
    ly = tl.load(c + 5) * wx + tl.load(c + 9) * wy + uy * wz
    lz = tl.load(c + 6) * wx + tl.load(c + 10) * wy + uz * wz
    nu = nx * ux + ny * uy + nz * uz
    nl = nx * lx + ny * ly + nz * lz
    nv = tl.maximum(-(nx * x + ny * y + nz) * inverse, 0.0)
    lit = tl.maximum(nl, 0.0)
    graze = 1.0 - nv
    graze2 = graze * graze
    coat = shiny * (REFLECTANCE + (1.0 - REFLECTANCE) * graze2 * graze2 * graze)
    ray_up = (x * ux + y * uy + uz) * inverse
    mirrored = coat * tl.maximum(tl.minimum(1.0 + ray_up + 2.0 * nv * nu, 1.0), FLOOR)
    m = (x * lx + y * ly + lz) * inverse + 2.0 * nv * nl
    m2 = m * m
    m4 = m2 * m2
    m8 = m4 * m4
    m16 = m8 * m8
    shine = tl.where((m > EDGE) & (lit > 0.0), HIGHLIGHT * shiny * m16 * m16, 0.0)
    sky = 0.5 + 0.5 * nu
    far = t / inverse
    ratio = far * far * tl.load(look + 18)
    haze = tl.where(is_plane, ratio / (1.0 + ratio), 0.0)
    up = tl.maximum(ray_up, 0.0)

    inside = (u < W) & (v < H)
    to = v * W + u
    out = colour + f * (3 * H * W) + to
    for k in tl.static_range(3):
        own = tl.load(albedo + 3 * at + k, mask=seen, other=0.0)
        value = channel(own, brightness, lit, sky, mirrored, shine, haze, up, seen, look + 3 + k, tone, SCALE, STEPS)
        tl.store(out + k * (H * W), value, mask=inside)
    tl.store(depth + f * (H * W) + to, tl.where(seen, t, 0.0), mask=inside)
    which = tl.load(body + own_scene * size + g, mask=seen, other=-1)
    tl.store(seen_body + f * (H * W) + to, which.to(tl.int16), mask=inside)
