/** The elements that the reader knows: where they may stand, and what is done with their content. */

import * as id from './ids.ts'

/** What the reader does with an element. */
type ElementKind = 'master' | 'unsigned' | 'uid' | 'float' | 'string' | 'binary' | 'block' | 'skip'

export interface ElementType {
  readonly id: number
  readonly name: string
  readonly kind: ElementKind
  /** ID of the master it belongs into; 0 for the top, `anywhere` for global elements. */
  readonly parent: number
  /** True where it may also stand in itself. */
  readonly recursive: boolean
  /** Bytes of content at most; Infinity where the content is not kept. */
  readonly limitBytes: number
}

/** Parent of Void and CRC-32 (RFC 8794 section 11.3). */
const anywhere = -1

const limits: Record<ElementKind, number> = {
  master: Number.POSITIVE_INFINITY,
  unsigned: 8,
  uid: 8,
  float: 8,
  string: 4096,
  binary: 1 << 20,
  block: Number.POSITIVE_INFINITY,
  skip: Number.POSITIVE_INFINITY,
}

const table = new Map<number, ElementType>()

function define(parent: number, kind: ElementKind, elements: Record<string, number>): void {
  for (const [name, elementId] of Object.entries(elements)) {
    const recursive = elementId === id.SIMPLE_TAG
    table.set(elementId, { id: elementId, name, kind, parent, recursive, limitBytes: limits[kind] })
  }
}

define(anywhere, 'skip', { Void: id.VOID, 'CRC-32': id.CRC_32 })
define(0, 'master', { EBML: id.EBML, Segment: id.SEGMENT })
define(id.EBML, 'string', { DocType: id.DOC_TYPE })
define(id.SEGMENT, 'master', { Info: id.INFO, Tracks: id.TRACKS, Cluster: id.CLUSTER, Tags: id.TAGS })
define(id.SEGMENT, 'skip', {
  SeekHead: id.SEEK_HEAD,
  Cues: id.CUES,
  Chapters: id.CHAPTERS,
  Attachments: id.ATTACHMENTS,
})
define(id.INFO, 'unsigned', { TimestampScale: id.TIMESTAMP_SCALE })
define(id.TRACKS, 'master', { TrackEntry: id.TRACK_ENTRY })
define(id.TRACK_ENTRY, 'unsigned', {
  TrackNumber: id.TRACK_NUMBER,
  TrackType: id.TRACK_TYPE,
  DefaultDuration: id.DEFAULT_DURATION,
})
define(id.TRACK_ENTRY, 'uid', { TrackUID: id.TRACK_UID })
define(id.TRACK_ENTRY, 'string', { Name: id.NAME, CodecID: id.CODEC_ID })
define(id.TRACK_ENTRY, 'binary', { CodecPrivate: id.CODEC_PRIVATE })
define(id.TRACK_ENTRY, 'master', { Video: id.VIDEO, Audio: id.AUDIO })
define(id.VIDEO, 'unsigned', { PixelWidth: id.PIXEL_WIDTH, PixelHeight: id.PIXEL_HEIGHT })
define(id.AUDIO, 'float', { SamplingFrequency: id.SAMPLING_FREQUENCY })
define(id.AUDIO, 'unsigned', { Channels: id.CHANNELS, BitDepth: id.BIT_DEPTH })
define(id.CLUSTER, 'unsigned', { Timestamp: id.TIMESTAMP })
define(id.CLUSTER, 'block', { SimpleBlock: id.SIMPLE_BLOCK })
define(id.CLUSTER, 'master', { BlockGroup: id.BLOCK_GROUP })
define(id.BLOCK_GROUP, 'block', { Block: id.BLOCK })
define(id.BLOCK_GROUP, 'skip', { ReferenceBlock: id.REFERENCE_BLOCK })
define(id.TAGS, 'master', { Tag: id.TAG })
define(id.TAG, 'master', { Targets: id.TARGETS, SimpleTag: id.SIMPLE_TAG })
define(id.TARGETS, 'uid', { TagTrackUID: id.TAG_TRACK_UID })
define(id.SIMPLE_TAG, 'string', { TagName: id.TAG_NAME, TagString: id.TAG_STRING })

/** What is known of an element ID; undefined for those that the reader passes over. */
export function elementType(elementId: number): ElementType | undefined {
  return table.get(elementId)
}

/** True where the element may stand directly in the master `parent` (0: at the top). */
export function mayStandIn(type: ElementType, parent: number): boolean {
  return type.parent === parent || type.parent === anywhere || (type.recursive && type.id === parent)
}

/** True for what frames a document: EBML, Segment and the children of Segment. */
export function isStructure(type: ElementType): boolean {
  return type.parent === 0 || type.parent === id.SEGMENT
}
