// Compiles only if the types of the module narrow by code.

import { type ApiError, type Entry, ErrorCode, hasCode } from "./codelibra";
import * as hostile from "./hostile";

export function lockedUntil(error: ApiError): Date | undefined {
  if (!hasCode(error, ErrorCode.LOCKED_OUT)) {
    return undefined;
  }
  const code: 403005 = error.code;
  const entry: Entry = error.entry;
  // @ts-expect-error The code does not declare this parameter.
  error.params.unknown;
  return code === entry.code ? error.params.locked_until : undefined;
}

export function classOf(error: hostile.ApiError): string | undefined {
  return hostile.hasCode(error, hostile.ErrorCode.CLASS) ? error.params.class : undefined;
}

export function noParams(error: ApiError): undefined {
  return hasCode(error, ErrorCode.USER_BANNED) ? error.params["any"] : undefined;
}
