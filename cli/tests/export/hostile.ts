/** The domain of the catalogue. */
export const DOMAIN = "hostile.example.com";

/** The codes, by their reasons. */
export const ErrorCode = {
  /** A "quoted" text with \ and ' and ` and $\{x\} and \</script>\<!-- and *\/ and // and """ and #. */
  CLASS: 400001,
  /**
   * ü — 日本語 😀.
   *
   * @deprecated since 2.0 *\/ \; use CLASS
   */
  NONE: 400002,
  /** True. */
  TRUE: 404001,
  /** String. */
  STRING: 409001,
  /** Domain. */
  DOMAIN: 499001,
  /**
   * Entries.
   *
   * @deprecated since 3.0
   */
  ENTRIES: 507001,
  /** The last. */
  PROTO: 599999,
} as const;

/** The parameters of the codes that declare any. A peer may omit each of them. */
export interface ParamsOf {
  400001: {
    /** *\/ \u002a\u002f \user \{\@link d\} \@deprecated \</pre> """ \ */
    readonly class?: string;
    /** ü — 日本語 😀. */
    readonly import?: bigint;
    readonly func?: boolean;
    /** A time. */
    readonly from?: Date;
    /** A duration. */
    readonly await?: number;
    readonly type?: string;
    readonly hash_code?: string;
    readonly a_b?: string;
    readonly a__b?: string;
    readonly metadata?: string;
  };
  409001: {
    readonly string?: string;
  };
}

/** All entries, in the order of their codes. */
export const ENTRIES: readonly Entry[] = [
  { code: 400001, name: "Class", reason: "CLASS", domain: DOMAIN, httpStatus: 400, grpcCode: 3, grpcStatus: "INVALID_ARGUMENT", summary: "A \"quoted\" text with \\ and ' and ` and ${x} and \u{3c}/script>\u{3c}!-- and */ and // and \"\"\" and #.", recovery: "NONE", params: [{ name: "class", type: "string", description: "*/ \\u002a\\u002f \\user {@link d} @deprecated \u{3c}/pre> \"\"\" \\" }, { name: "import", type: "int64", description: "ü — 日本語 😀." }, { name: "func", type: "bool", description: "" }, { name: "from", type: "timestamp", description: "A time." }, { name: "await", type: "duration", description: "A duration." }, { name: "type", type: "string", description: "" }, { name: "hash_code", type: "string", description: "" }, { name: "a_b", type: "string", description: "" }, { name: "a__b", type: "string", description: "" }, { name: "metadata", type: "string", description: "" }], since: "", deprecated: "", replacedBy: "" },
  { code: 400002, name: "None", reason: "NONE", domain: DOMAIN, httpStatus: 400, grpcCode: 3, grpcStatus: "INVALID_ARGUMENT", summary: "ü — 日本語 😀.", recovery: "NONE", params: [], since: "1.0 \"beta\"", deprecated: "2.0 */ \\", replacedBy: "CLASS" },
  { code: 404001, name: "True", reason: "TRUE", domain: DOMAIN, httpStatus: 404, grpcCode: 5, grpcStatus: "NOT_FOUND", summary: "True.", recovery: "NONE", params: [], since: "", deprecated: "", replacedBy: "" },
  { code: 409001, name: "String", reason: "STRING", domain: DOMAIN, httpStatus: 409, grpcCode: 6, grpcStatus: "ALREADY_EXISTS", summary: "String.", recovery: "NONE", params: [{ name: "string", type: "string", description: "" }], since: "", deprecated: "", replacedBy: "" },
  { code: 499001, name: "Domain", reason: "DOMAIN", domain: DOMAIN, httpStatus: 499, grpcCode: 1, grpcStatus: "CANCELLED", summary: "Domain.", recovery: "NONE", params: [], since: "", deprecated: "", replacedBy: "" },
  { code: 507001, name: "Entries", reason: "ENTRIES", domain: DOMAIN, httpStatus: 507, grpcCode: 8, grpcStatus: "RESOURCE_EXHAUSTED", summary: "Entries.", recovery: "NONE", params: [], since: "", deprecated: "3.0", replacedBy: "" },
  { code: 599999, name: "Proto", reason: "PROTO", domain: DOMAIN, httpStatus: 599, grpcCode: 13, grpcStatus: "INTERNAL", summary: "The last.", recovery: "NONE", params: [], since: "", deprecated: "", replacedBy: "" },
];

/** The names of the gRPC codes, by their numbers. */
const GRPC_CODES: readonly string[] = ["OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED"];
/** The gRPC codes of the classes 400 and 500, and of those that differ from them. */
const CLASS_TO_GRPC: Readonly<Record<number, number>> = { 400: 3, 401: 16, 402: 9, 403: 7, 404: 5, 405: 12, 407: 16, 408: 4, 409: 10, 410: 5, 412: 9, 416: 11, 423: 9, 424: 9, 425: 14, 426: 9, 428: 9, 429: 8, 451: 9, 499: 1, 500: 13, 501: 12, 502: 14, 503: 14, 504: 4, 505: 12, 507: 8 };
/** The HTTP status of an error without a code, by the number of its gRPC code. */
const GRPC_TO_CLASS: readonly number[] = [200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401];
/** The gRPC codes of HTTP responses that a proxy sent. All others are UNKNOWN. */
const INTERMEDIARY_TO_GRPC: Readonly<Record<number, number>> = { 400: 13, 401: 16, 403: 7, 404: 12, 429: 14, 502: 14, 503: 14, 504: 14 };
/** The parts of an error that a server removes if the error is too large, by their numbers minus one. */
const SHED: readonly string[] = ["DEBUG_INFO", "HELP", "LOCALIZED_MESSAGE", "FIELD_VIOLATIONS", "DETAILS", "METADATA", "MESSAGE"];
