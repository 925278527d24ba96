"""Brings the primitives of each frame into the optical frame and lists those that can be seen (Triton)."""

import triton
import triton.language as tl


@triton.jit
def sphere_bounds(c, z, radius):
    """Rays between which a sphere is seen: the tangents (c·z ± r·√(c² + z² − r²)) / (z² − r²)."""
    a = z * z - radius * radius
    root = radius * tl.sqrt(tl.maximum(c * c + a, 0.0))
    return (c * z - root) / a, (c * z + root) / a


@triton.jit
def view_kernel(
    frames,
    camera,
    scene,
    parent,
    local,
    half_size,
    kind,
    records,
    sources,
    starts,
    count,
    size,
    G: tl.constexpr,
    MARGIN: tl.constexpr,
    NEAR: tl.constexpr,
):
    """A program a frame. frames [N · 12, count] and camera [count, 16] to records [count, size, 20], sources
    [count, size] (index of each record's primitive) and starts [count, 7] (first record of each kind, and the end)."""
    f = tl.program_id(0).to(tl.int64)
    g = tl.arange(0, G)
    inside = g < size
    own_scene = tl.load(scene + f).to(tl.int64)
    at = own_scene * size + g
    frame = frames + tl.load(parent + at, mask=inside, other=0).to(tl.int64) * 12 * count + f
    place = local + at * 12
    c = camera + f * 16 + 4
    # Rows of the parent, then of the camera's inverse, one after the other.
    a0 = tl.load(frame, mask=inside, other=0.0)
    a1 = tl.load(frame + count, mask=inside, other=0.0)
    a2 = tl.load(frame + 2 * count, mask=inside, other=0.0)
    a3 = tl.load(frame + 3 * count, mask=inside, other=0.0)
    b0 = tl.load(frame + 4 * count, mask=inside, other=0.0)
    b1 = tl.load(frame + 5 * count, mask=inside, other=0.0)
    b2 = tl.load(frame + 6 * count, mask=inside, other=0.0)
    b3 = tl.load(frame + 7 * count, mask=inside, other=0.0)
    d0 = tl.load(frame + 8 * count, mask=inside, other=0.0)
    d1 = tl.load(frame + 9 * count, mask=inside, other=0.0)
    d2 = tl.load(frame + 10 * count, mask=inside, other=0.0)
    d3 = tl.load(frame + 11 * count, mask=inside, other=0.0)
    r00 = tl.load(c)
    r01 = tl.load(c + 1)
    r02 = tl.load(c + 2)
    tx = tl.load(c + 3)
    r10 = tl.load(c + 4)
    r11 = tl.load(c + 5)
    r12 = tl.load(c + 6)
    ty = tl.load(c + 7)
    r20 = tl.load(c + 8)
    r21 = tl.load(c + 9)
    r22 = tl.load(c + 10)
    tz = tl.load(c + 11)

    l0 = tl.load(place + 3, mask=inside, other=0.0)
    l1 = tl.load(place + 7, mask=inside, other=0.0)
    l2 = tl.load(place + 11, mask=inside, other=0.0)
    x = a3 + a0 * l0 + a1 * l1 + a2 * l2 - tx
    y = b3 + b0 * l0 + b1 * l1 + b2 * l2 - ty
    z = d3 + d0 * l0 + d1 * l1 + d2 * l2 - tz
    cx = r00 * x + r10 * y + r20 * z
    cy = r01 * x + r11 * y + r21 * z
    cz = r02 * x + r12 * y + r22 * z

    l0 = tl.load(place, mask=inside, other=0.0)
    l1 = tl.load(place + 4, mask=inside, other=0.0)
    l2 = tl.load(place + 8, mask=inside, other=0.0)
    x = a0 * l0 + a1 * l1 + a2 * l2
    y = b0 * l0 + b1 * l1 + b2 * l2
    z = d0 * l0 + d1 * l1 + d2 * l2
    e00 = r00 * x + r10 * y + r20 * z
    e01 = r01 * x + r11 * y + r21 * z
    e02 = r02 * x + r12 * y + r22 * z
    l0 = tl.load(place + 1, mask=inside, other=0.0)
    l1 = tl.load(place + 5, mask=inside, other=0.0)
    l2 = tl.load(place + 9, mask=inside, other=0.0)
    x = a0 * l0 + a1 * l1 + a2 * l2
    y = b0 * l0 + b1 * l1 + b2 * l2
    z = d0 * l0 + d1 * l1 + d2 * l2
    e10 = r00 * x + r10 * y + r20 * z
    e11 = r01 * x + r11 * y + r21 * z
    e12 = r02 * x + r12 * y + r22 * z
    l0 = tl.load(place + 2, mask=inside, other=0.0)
    l1 = tl.load(place + 6, mask=inside, other=0.0)
    l2 = tl.load(place + 10, mask=inside, other=0.0)
    x = a0 * l0 + a1 * l1 + a2 * l2
    y = b0 * l0 + b1 * l1 + b2 * l2
    z = d0 * l0 + d1 * l1 + d2 * l2
    e20 = r00 * x + r10 * y + r20 * z
    e21 = r01 * x + r11 * y + r21 * z
    e22 = r02 * x + r12 * y + r22 * z

    h0 = tl.load(half_size + at * 3, mask=inside, other=1.0)
    h1 = tl.load(half_size + at * 3 + 1, mask=inside, other=1.0)
    h2 = tl.load(half_size + at * 3 + 2, mask=inside, other=1.0)
    k = tl.load(kind + at, mask=inside, other=6)
    o0 = -(e00 * cx + e01 * cy + e02 * cz)
    o1 = -(e10 * cx + e11 * cy + e12 * cz)
    o2 = -(e20 * cx + e21 * cy + e22 * cz)

    # Visible: does not contain the camera.
    radial = o0 * o0 + o1 * o1
    beyond = tl.maximum(tl.abs(o2) - h1, 0.0)
    squared = h0 * h0
    i0 = o0 / tl.maximum(h0, 1e-30)
    i1 = o1 / tl.maximum(h1, 1e-30)
    i2 = o2 / tl.maximum(h2, 1e-30)
    box_out = (tl.abs(o0) > h0) | (tl.abs(o1) > h1) | (tl.abs(o2) > h2)
    visible = ((k == 0) & box_out) | ((k == 1) & (radial + beyond * beyond > squared))
    visible = visible | ((k == 2) & ((beyond > 0) | (radial > squared))) | ((k == 3) & (radial + o2 * o2 > squared))
    visible = visible | ((k == 4) & (i0 * i0 + i1 * i1 + i2 * i2 > 1.0)) | ((k == 5) & (o2 > 0))

    # Bounds: of a box its corners', of all others those of the spheres around the ends of their axes.
    x_from = tl.full((G,), float('inf'), tl.float32)
    x_to = tl.full((G,), float('-inf'), tl.float32)
    y_from = x_from
    y_to = x_to
    behind = tl.full((G,), 1, tl.int32)
    crossing = tl.zeros((G,), tl.int32)
    for corner in tl.static_range(8):
        s0 = h0 if corner & 1 else -h0
        s1 = h1 if corner & 2 else -h1
        s2 = h2 if corner & 4 else -h2
        z = cz + s0 * e02 + s1 * e12 + s2 * e22
        x = (cx + s0 * e00 + s1 * e10 + s2 * e20) / z
        y = (cy + s0 * e01 + s1 * e11 + s2 * e21) / z
        x_from = tl.minimum(x_from, x)
        x_to = tl.maximum(x_to, x)
        y_from = tl.minimum(y_from, y)
        y_to = tl.maximum(y_to, y)
        behind = behind & (z < NEAR).to(tl.int32)
        crossing = crossing | (z < NEAR).to(tl.int32)
    radius = tl.where(k == 4, tl.maximum(h0, tl.maximum(h1, h2)), h0)
    reach = tl.where((k == 1) | (k == 2), h1, 0.0)
    z_low = cz - reach * e22
    z_high = cz + reach * e22
    x_low, x_high = sphere_bounds(cx - reach * e20, z_low, radius)
    x_less, x_more = sphere_bounds(cx + reach * e20, z_high, radius)
    y_low, y_high = sphere_bounds(cy - reach * e21, z_low, radius)
    y_less, y_more = sphere_bounds(cy + reach * e21, z_high, radius)
    is_box = k == 0
    x_from = tl.where(is_box, x_from, tl.minimum(x_low, x_less))
    x_to = tl.where(is_box, x_to, tl.maximum(x_high, x_more))
    y_from = tl.where(is_box, y_from, tl.minimum(y_low, y_less))
    y_to = tl.where(is_box, y_to, tl.maximum(y_high, y_more))
    least = tl.minimum(z_low, z_high) - radius
    most = tl.maximum(z_low, z_high) + radius
    everywhere = (is_box & (crossing > 0)) | ((k > 0) & (least < NEAR)) | (k == 5)
    visible = visible & ((is_box & (behind == 0)) | ((k > 0) & (most >= NEAR)) | (k == 5))
    x_from = tl.where(everywhere, float('-inf'), x_from - MARGIN)
    x_to = tl.where(everywhere, float('inf'), x_to + MARGIN)
    y_from = tl.where(everywhere, float('-inf'), y_from - MARGIN)
    y_to = tl.where(everywhere, float('inf'), y_to + MARGIN)

    # The list keeps the order, which is by kind.
    shown = (visible & inside).to(tl.int32)
    index = tl.cumsum(shown, axis=0) - shown
    for first in tl.static_range(7):
        tl.store(starts + f * 7 + first, tl.sum(tl.where(k < first, shown, 0)))
    keep = shown > 0
    tl.store(sources + f * size + index, g, mask=keep)
    out = records + (f * size + index) * 20
    tl.store(out, cx, mask=keep)
    tl.store(out + 1, cy, mask=keep)
    tl.store(out + 2, cz, mask=keep)
    tl.store(out + 3, e00, mask=keep)
    tl.store(out + 4, e01, mask=keep)
    tl.store(out + 5, e02, mask=keep)
    tl.store(out + 6, e10, mask=keep)
    tl.store(out + 7, e11, mask=keep)
    tl.store(out + 8, e12, mask=keep)
    tl.store(out + 9, e20, mask=keep)
    tl.store(out + 10, e21, mask=keep)
    tl.store(out + 11, e22, mask=keep)
    tl.store(out + 12, h0, mask=keep)
    tl.store(out + 13, h1, mask=keep)
    tl.store(out + 14, h2, mask=keep)
    tl.store(out + 15, x_from, mask=keep)
    tl.store(out + 16, x_to, mask=keep)
    tl.store(out + 17, y_from, mask=keep)
    tl.store(out + 18, y_to, mask=keep)
