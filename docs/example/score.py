"""A second reader and scorer of AnomNet model files, in plain Python. It shares no code with core and gives the same bits.

It is short and slow, and it trusts its input: it shows the numbers of docs/model-format.md, not the checks of a loader.
Usage: score.py MODEL PNG. MODEL holds a backbone and a head; PNG is 8-bit RGB or RGBA, not interlaced, fully opaque. It
prints the bits of the image score and of the anomaly map, the verdict and the file's digest as JSON.
"""
import hashlib
import json
import math
import struct
import sys
import zlib


def f32(x):
    return struct.unpack('<f', struct.pack('<f', x))[0]


def requantize(t, lo, hi):
    return round(min(max(t, lo), hi))  # round() is half to even


def read(path):
    data = open(path, 'rb').read()
    n = struct.unpack('<Q', data[:8])[0]
    header, body = json.loads(data[8:8 + n]), data[8 + n:]
    meta = header.pop('__metadata__')
    field = b'"sha256":"' + meta['sha256'].encode() + b'"'
    assert data.count(field) == 1
    at = data.index(field) + len(b'"sha256":"')
    assert hashlib.sha256(data[:at] + b'0' * 64 + data[at + 64:]).hexdigest() == meta['sha256']
    tensors = {}
    for name, e in header.items():
        begin, end = e['data_offsets']
        code = {'I8': 'b', 'U8': 'B', 'I16': 'h', 'I32': 'i', 'F32': 'f'}[e['dtype']]
        tensors[name] = struct.unpack('<%d%s' % (math.prod(e['shape']), code), body[begin:end])
    return meta, header, body, tensors


def backbone_digest(text, header, body):
    # The backbone's part of a canonical manifest, byte for byte.
    start = text.index('"backbone":') + len('"backbone":')
    _, end = json.JSONDecoder().raw_decode(text, start)
    manifest = '{"version":1,"backbone":' + text[start:end] + '}'
    parts = ['"__metadata__":' + json.dumps({'anomnet': manifest, 'sha256': '0' * 64}, ensure_ascii=False, separators=(',', ':'))]
    out = b''
    for name in sorted(k for k in header if k.startswith('backbone.')):
        begin, end = header[name]['data_offsets']
        e = {'dtype': header[name]['dtype'], 'shape': header[name]['shape'], 'data_offsets': [len(out), len(out) + end - begin]}
        parts.append(json.dumps(name) + ':' + json.dumps(e, separators=(',', ':')))
        out += body[begin:end]
    h = ('{' + ','.join(parts) + '}').encode()
    h += b' ' * (-len(h) % 8)
    return hashlib.sha256(struct.pack('<Q', len(h)) + h + out).hexdigest()


def weights(n_in, n_out):
    s = 2 * max(n_in, n_out)
    for i in range(n_out):
        c = (2 * i + 1) * n_in
        h = {x: s - abs((2 * x + 1) * n_out - c) for x in range(n_in) if abs((2 * x + 1) * n_out - c) < s}
        total, run, before, w = sum(h.values()), 0, 0, []
        for x in sorted(h):
            run += h[x]
            r = (2 * run * 16384 + total) // (2 * total)
            w.append((x, r - before))
            before = r
        yield w


def resize(img, w, h):  # img[y][x][c]
    if w != len(img[0]):
        ws = list(weights(len(img[0]), w))
        img = [[[(sum(k * row[x][c] for x, k in t) + 8192) >> 14 for c in range(3)] for t in ws] for row in img]
    if h != len(img):
        ws = list(weights(len(img), h))
        img = [[[(sum(k * img[y][x][c] for y, k in t) + 8192) >> 14 for c in range(3)] for x in range(w)] for t in ws]
    return img


def inscribed(w, h, mw, mh):
    if w * mh >= mw * h:
        return mw, min(max((2 * mw * h + w) // (2 * w), 1), mh)
    return min(max((2 * mh * w + h) // (2 * h), 1), mw), mh


def prepare(img, p):
    W, H, sw, sh = p['width'], p['height'], len(img[0]), len(img)
    if p['mode'] == 'crop':
        w, h = inscribed(W, H, sw, sh)
        x, y = (sw - w) // 2, (sh - h) // 2
        img = resize([r[x:x + w] for r in img[y:y + h]], W, H)
    elif p['mode'] == 'fit':
        w, h = inscribed(sw, sh, W, H)
        img = resize(img, w, h)
        ring = [img[y][x] for y in range(h) for x in range(w) if y in (0, h - 1) or x in (0, w - 1)]
        n = len(ring)
        mean = [(2 * sum(q[c] for q in ring) + n) // (2 * n) for c in range(3)]
        x0, y0 = (W - w) // 2, (H - h) // 2
        img = [[img[y - y0][x - x0] if 0 <= y - y0 < h and 0 <= x - x0 < w else mean for x in range(W)] for y in range(H)]
    else:
        img = resize(img, W, H)
    if p['gray']:
        img = [[[(19595 * q[0] + 38470 * q[1] + 7471 * q[2] + 32768) >> 16] * 3 for q in r] for r in img]
    return img


def run(graph, tensors, img):
    raw = graph['input'] == 'raw8'
    maps = {'image': [[[v if raw else v >> 1 for v in q] for q in r] for r in img]}
    for op in graph['ops']:
        src, k, s, pad = maps[op['input']], op['kernel'], op['stride'], op['pad']
        ih, iw = len(src), len(src[0])
        out = [[None] * (iw // s) for _ in range(ih // s)]
        fill = graph['pad_value'] if raw and op['input'] == 'image' else [0] * op['in']
        if op['kind'] == 'conv':
            w, b, m = (tensors['backbone.%s.%s' % (op['name'], x)] for x in ('weight', 'bias', 'scale'))
        for y in range(ih // s):
            for x in range(iw // s):
                win = []
                for ky in range(k):
                    for kx in range(k):
                        py, px = y * s + ky - pad, x * s + kx - pad
                        win.append(src[py][px] if 0 <= py < ih and 0 <= px < iw else fill)
                if op['kind'] == 'maxpool':
                    out[y][x] = [max(q[c] for q in win) for c in range(op['out'])]
                    continue
                flat, n = [v for q in win for v in q], k * k * op['in']
                cell = []
                for o in range(op['out']):
                    acc = b[o] + sum(v * u for v, u in zip(flat, w[o * n:(o + 1) * n]))
                    t = f32(f32(acc) * m[o])
                    if op.get('residual'):
                        t = f32(t + f32(maps[op['residual']][y][x][o] * f32(op['residual_scale'])))
                    cell.append(requantize(t, -127 if op.get('signed') else 0, 127))
                out[y][x] = cell
        maps[op['name']] = out
    return [maps[t] for t in graph['taps']]


def features(taps, gh, gw, scale, zeros):
    patches = [[[] for _ in range(gw)] for _ in range(gh)]
    for t in taps:
        h, w, ch = len(t), len(t[0]), len(t[0][0])

        def around(y, x):  # the 3 x 3 pixels around (y, x)
            cells = [(y + i, x + j) for i in (-1, 0, 1) for j in (-1, 0, 1)]
            return [t[min(max(v, 0), h - 1)][min(max(u, 0), w - 1)] for v, u in cells if not zeros or 0 <= v < h and 0 <= u < w]
        box = [[[sum(cell[c] for cell in around(y, x)) for c in range(ch)] for x in range(w)] for y in range(h)]
        for y in range(gh):
            for x in range(gw):
                if h == gh:
                    patches[y][x] += box[y][x]
                    continue
                y0, x0 = y // 2, x // 2
                y1 = min(max(y0 + (1 if y % 2 else -1), 0), h - 1)
                x1 = min(max(x0 + (1 if x % 2 else -1), 0), w - 1)
                patches[y][x] += [9 * box[y0][x0][c] + 3 * box[y0][x1][c] + 3 * box[y1][x0][c] + box[y1][x1][c] for c in range(ch)]
    return [[requantize(f32(f32(v) * scale[c]), 0, 127) for c, v in enumerate(p)] for r in patches for p in r]


def centroids(head, tensors):
    rows, d = list(tensors['head.centroids']), head['embedding']
    if 'coded' not in head:
        return rows
    bits, levels, steps = head['coded']['bits'], tensors['head.centroids.levels'], tensors['head.centroids.step']
    width, top = (d * bits + 7) // 8, (1 << bits) - 1
    for i, (parent, step) in enumerate(zip(tensors['head.centroids.parent'], steps)):
        packed = int.from_bytes(bytes(levels[i * width:(i + 1) * width]), 'little')
        for j in range(d):
            level = packed >> j * bits & top
            rows.append(min(max(rows[parent * d + j] + ((2 * level - top) * step + 8 >> 4), -63), 63))
    return rows


def score(head, tensors, taps):
    gh, gw = head['preprocess']['height'] // 8, head['preprocess']['width'] // 8
    w, m, cent = tensors['head.adapter.weight'], tensors['head.adapter.scale'], centroids(head, tensors)
    n, d = head['features'], head['embedding']
    inside = tensors.get('head.roi', [1] * (gh * gw))
    dist = []
    for p, x in enumerate(features(taps, gh, gw, tensors['head.feature_scale'], head.get('zero_padding', False))):
        if not inside[p]:
            dist.append(None)
            continue
        inv = f32(1.0 / math.sqrt(sum(v * v for v in x) + 1))
        e = []
        for o in range(d):
            t = f32(sum(u * v for u, v in zip(w[o * n:(o + 1) * n], x)) * m[o])
            e.append(requantize(f32(t * inv) if head["l2"] else t, -63, 63))
        dist.append(f32(math.sqrt(min(sum((a - b) ** 2 for a, b in zip(e, cent[j * d:(j + 1) * d])) for j in range(head['centroids'])))))
    total = 0.0
    for v in sorted(v for v in dist if v is not None)[:-head['top_k'] - 1:-1]:
        total = f32(total + v)

    def blend(v, x, y, dx, dy):  # what is beyond an edge, or outside, counts as the value here
        b = v[y * gw + x]
        if b is None:
            return None
        a, c = (v[q * gw + p] if 0 <= p < gw and 0 <= q < gh and inside[q * gw + p] else b for p, q in ((x - dx, y - dy), (x + dx, y + dy)))
        return f32(f32(f32(a + c) + 2 * b) * 0.25)

    for dx, dy in ((1, 0), (0, 1)):
        dist = [blend(dist, x, y, dx, dy) for y in range(gh) for x in range(gw)]
    return f32(total / head['top_k']), [v or 0.0 for v in dist]


def bits(x):
    return struct.unpack('<I', struct.pack('<f', x))[0]


def read_png(path):
    data, at, packed = open(path, 'rb').read(), 8, b''
    while at < len(data):
        n, kind = struct.unpack('>I4s', data[at:at + 8])
        if kind == b'IHDR':
            w, h, depth, colour = struct.unpack('>IIBB', data[at + 8:at + 18])
            assert depth == 8 and colour in (2, 6)
        if kind == b'IDAT':
            packed += data[at + 8:at + 8 + n]
        at += 12 + n
    size = 4 if colour == 6 else 3
    flat, up, rows = zlib.decompress(packed), [0] * w * size, []
    for y in range(h):
        kind, *row = flat[y * (w * size + 1):(y + 1) * (w * size + 1)]
        for i in range(w * size):
            a, b, c = (row[i - size], up[i], up[i - size]) if i >= size else (0, up[i], 0)
            paeth = min((abs(b - c), 0, a), (abs(a - c), 1, b), (abs(a + b - 2 * c), 2, c))[2]
            row[i] = (row[i] + (0, a, b, (a + b) // 2, paeth)[kind]) & 255
        rows.append([row[x * size:x * size + 3] for x in range(w)])
        up = row
    return rows


def main(path, picture):
    meta, header, body, tensors = read(path)
    manifest = json.loads(meta['anomnet'])
    head = manifest['head']
    assert backbone_digest(meta['anomnet'], header, body) == head['backbone_sha256']
    img = prepare(read_png(picture), head['preprocess'])
    raw, smooth = score(head, tensors, run(manifest['backbone']['graph'], tensors, img))
    cal = head['calibration']
    verdict = 'OK' if raw <= f32(cal['review']) else 'REVIEW' if raw <= f32(cal['limit']) else 'NG'
    json.dump({'raw_bits': bits(raw), 'map_bits': [bits(v) for v in smooth], 'verdict': verdict, 'digest': meta['sha256']}, sys.stdout)


if __name__ == '__main__':
    main(sys.argv[1], sys.argv[2])
