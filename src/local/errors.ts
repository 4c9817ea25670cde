/** What an operation answers instead of a result; the server turns it into the error reply of the service. */
export class ServiceError extends Error {
  override readonly name = 'ServiceError'
  /** Name of the exception as the API's model spells it; goes out as `x-amzn-ErrorType` and `__type`. */
  readonly type: string
  /** HTTP status, 400 to 599. */
  readonly status: number

  constructor(type: string, status: number, message: string) {
    super(message)
    this.type = type
    this.status = status
  }
}

/** 400: a field or header is missing, malformed, or out of its range. */
export function invalidArgument(message: string): ServiceError {
  return new ServiceError('InvalidArgumentException', 400, message)
}

/** 404: no such stream, or it is being deleted. */
export function notFound(message: string): ServiceError {
  return new ServiceError('ResourceNotFoundException', 404, message)
}
