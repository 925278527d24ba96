"""Writes messages into an MCAP bag with rosbags: see recorder.ts.

Arguments: the bag's directory, a file of messages, '' or 'zstd'; topics as JSON on standard input. Prints CPU seconds
and the size as JSON.
"""

import json
import struct
import sys
import time
from pathlib import Path

from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

HEADER = struct.Struct('<BdI')

directory, file, compression = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
topics = json.load(sys.stdin)
store = get_typestore(Stores.ROS2_JAZZY)
for topic in topics:
    types = get_types_from_msg(topic['definition'], topic['type'])
    store.register({name: fields for name, fields in types.items() if name not in store.types})

data = memoryview(file.read_bytes())
messages = []
at = 0
while at < len(data):
    topic, stamp, length = HEADER.unpack_from(data, at)
    at += HEADER.size
    messages.append((topic, round(stamp * 1e9), bytes(data[at : at + length])))
    at += length

begin = time.process_time()
writer = Writer(directory, version=9, storage_plugin=StoragePlugin.MCAP)
if compression:
    writer.set_compression(CompressionMode.STORAGE, CompressionFormat.ZSTD)
with writer:
    connections = [writer.add_connection(topic['name'], topic['type'], typestore=store) for topic in topics]
    for topic, stamp, message in messages:
        writer.write(connections[topic], stamp, message)
cpu = time.process_time() - begin
print(json.dumps({'cpu': cpu, 'size': sum(path.stat().st_size for path in directory.glob('*.mcap'))}))
