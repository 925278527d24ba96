"""Reads a bag with rosbags and with mcap-ros2-support; prints what each found, as JSON.

Arguments: the bag's directory. Every message is decoded; of each topic its type, the number of messages and a checksum
of all bytes are told, and for the whole what rosbag2's metadata says.
"""

import json
import sys
import zlib
from contextlib import closing
from pathlib import Path

from mcap.reader import make_reader
from mcap_ros2.decoder import DecoderFactory
from rosbags.highlevel import AnyReader
from rosbags.rosbag2.reader import DirectoryReader


def tell(topics, name, kind, data):
    entry = topics.setdefault(name, {'type': kind, 'messages': 0, 'checksum': 0})
    entry['messages'] += 1
    entry['checksum'] = zlib.crc32(data, entry['checksum'])


def with_rosbags(path):
    topics = {}
    with AnyReader([path]) as reader:
        for connection, _, data in reader.messages():
            reader.deserialize(data, connection.msgtype)
            tell(topics, connection.topic, connection.msgtype, data)
    return topics


def with_mcap(files):
    topics = {}
    for file in files:
        with file.open('rb') as stream:
            reader = make_reader(stream, decoder_factories=[DecoderFactory()], validate_crcs=True)
            for schema, channel, message, _ in reader.iter_decoded_messages():
                tell(topics, channel.topic, schema.name, message.data)
    return topics


def describe(path):
    reader = DirectoryReader(path)
    reader.open()
    with closing(reader):
        return {
            'messages': reader.metadata.message_count,
            'start': str(reader.metadata.start_time),
            'duration': reader.metadata.duration,
            'files': [file['path'] for file in reader.files],
            'qos': {
                c.topic: [[q.reliability.name, q.durability.name] for q in c.ext.offered_qos_profiles]
                for c in reader.connections
            },
            'hashes': {c.topic: c.digest for c in reader.connections},
        }


bag = Path(sys.argv[1])
files = sorted(bag.glob('*.mcap'), key=lambda file: int(file.stem.rpartition('_')[2]))
print(json.dumps({'rosbags': with_rosbags(bag), 'mcap': with_mcap(files), 'metadata': describe(bag)}))
