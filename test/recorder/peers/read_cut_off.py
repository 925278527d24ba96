"""Reads an MCAP file that was cut off, with mcap and mcap-ros2-support; prints the number of messages of each topic."""

import json
import sys

from mcap.exceptions import EndOfFile
from mcap.records import Channel, Message, Schema
from mcap.stream_reader import StreamReader
from mcap_ros2.decoder import DecoderFactory

schemas, channels, decoders, counts = {}, {}, {}, {}
factory = DecoderFactory()
with open(sys.argv[1], 'rb') as stream:
    try:
        for record in StreamReader(stream, validate_crcs=True).records:
            if isinstance(record, Schema):
                schemas[record.id] = record
            elif isinstance(record, Channel):
                channels[record.id] = record
                decoders[record.id] = factory.decoder_for(record.message_encoding, schemas[record.schema_id])
            elif isinstance(record, Message):
                decoders[record.channel_id](record.data)
                topic = channels[record.channel_id].topic
                counts[topic] = counts.get(topic, 0) + 1
    except EndOfFile:
        pass
print(json.dumps(counts))
