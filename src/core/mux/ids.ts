/** Element IDs with their length marker, by the names that RFC 8794 (EBML) and RFC 9559 (Matroska) give them. */

export const EBML = 0x1a45dfa3
export const EBML_VERSION = 0x4286
export const EBML_READ_VERSION = 0x42f7
export const EBML_MAX_ID_LENGTH = 0x42f2
export const EBML_MAX_SIZE_LENGTH = 0x42f3
export const DOC_TYPE = 0x4282
export const DOC_TYPE_VERSION = 0x4287
export const DOC_TYPE_READ_VERSION = 0x4285
export const VOID = 0xec
export const CRC_32 = 0xbf

export const SEGMENT = 0x18538067
export const SEEK_HEAD = 0x114d9b74
export const CUES = 0x1c53bb6b
export const CHAPTERS = 0x1043a770
export const ATTACHMENTS = 0x1941a469

export const INFO = 0x1549a966
export const SEGMENT_UUID = 0x73a4
export const TIMESTAMP_SCALE = 0x2ad7b1
export const MUXING_APP = 0x4d80
export const WRITING_APP = 0x5741

export const TRACKS = 0x1654ae6b
export const TRACK_ENTRY = 0xae
export const TRACK_NUMBER = 0xd7
export const TRACK_UID = 0x73c5
export const TRACK_TYPE = 0x83
export const FLAG_LACING = 0x9c
export const DEFAULT_DURATION = 0x23e383
export const NAME = 0x536e
export const CODEC_ID = 0x86
export const CODEC_PRIVATE = 0x63a2
export const VIDEO = 0xe0
export const PIXEL_WIDTH = 0xb0
export const PIXEL_HEIGHT = 0xba
export const AUDIO = 0xe1
export const SAMPLING_FREQUENCY = 0xb5
export const CHANNELS = 0x9f
export const BIT_DEPTH = 0x6264

export const CLUSTER = 0x1f43b675
export const TIMESTAMP = 0xe7
export const SIMPLE_BLOCK = 0xa3
export const BLOCK_GROUP = 0xa0
export const BLOCK = 0xa1
export const REFERENCE_BLOCK = 0xfb

export const TAGS = 0x1254c367
export const TAG = 0x7373
export const TARGETS = 0x63c0
export const TAG_TRACK_UID = 0x63c5
export const SIMPLE_TAG = 0x67c8
export const TAG_NAME = 0x45a3
export const TAG_STRING = 0x4487
