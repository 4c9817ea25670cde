import type { Operation } from './context.ts'
import {
  createStream,
  deleteStream,
  describeStream,
  getDataEndpoint,
  listStreams,
  updateDataRetention,
  updateStream,
} from './streams.ts'
import { listTagsForStream, tagStream, untagStream } from './tags.ts'

/** The control plane of the API of 2017-09-30, by path. */
export const operations: ReadonlyMap<string, Operation> = new Map([
  ['/createStream', createStream],
  ['/describeStream', describeStream],
  ['/listStreams', listStreams],
  ['/deleteStream', deleteStream],
  ['/updateStream', updateStream],
  ['/updateDataRetention', updateDataRetention],
  ['/tagStream', tagStream],
  ['/untagStream', untagStream],
  ['/listTagsForStream', listTagsForStream],
  ['/getDataEndpoint', getDataEndpoint],
])
