DOMAIN: Final = "hostile.example.com"
"""The domain of the catalogue."""


class ErrorCode:
    """The codes, by their reasons."""

    CLASS: Final = 400001
    """A \"quoted\" text with \\ and ' and ` and ${x} and </script><!-- and */ and // and \"\"\" and #."""
    NONE: Final = 400002
    """ü — 日本語 😀.

    Deprecated since 2.0 */ \\; use CLASS.
    """
    TRUE: Final = 404001
    """True."""
    STRING: Final = 409001
    """String."""
    DOMAIN: Final = 499001
    """Domain."""
    ENTRIES: Final = 507001
    """Entries.

    Deprecated since 3.0.
    """
    PROTO: Final = 599999
    """The last."""


@dataclass(frozen=True)
class ClassParams:
    """The parameters of Class. A peer may omit each of them."""

    CODE: ClassVar[int] = 400001

    class_: Optional[str] = None
    """*/ \\u002a\\u002f \\user {@link d} @deprecated </pre> \"\"\" \\"""
    import_: Optional[int] = None
    """ü — 日本語 😀."""
    func: Optional[bool] = None
    from_: Optional[datetime] = None
    """A time."""
    await_: Optional[timedelta] = None
    """A duration."""
    type: Optional[str] = None
    hash_code: Optional[str] = None
    a_b: Optional[str] = None
    a__b: Optional[str] = None
    metadata: Optional[str] = None

    @classmethod
    def from_error(cls, error: ApiError) -> Optional[ClassParams]:
        """Returns the parameters, if the error has the code of Class."""
        if not error.has_code(cls.CODE):
            return None
        return cls(
            class_=_as(str, error.params.get("class")),
            import_=_as(int, error.params.get("import")),
            func=_as(bool, error.params.get("func")),
            from_=_as(datetime, error.params.get("from")),
            await_=_as(timedelta, error.params.get("await")),
            type=_as(str, error.params.get("type")),
            hash_code=_as(str, error.params.get("hash_code")),
            a_b=_as(str, error.params.get("a_b")),
            a__b=_as(str, error.params.get("a__b")),
            metadata=_as(str, error.params.get("metadata")),
        )


@dataclass(frozen=True)
class StringParams:
    """The parameters of String. A peer may omit each of them."""

    CODE: ClassVar[int] = 409001

    string: Optional[str] = None

    @classmethod
    def from_error(cls, error: ApiError) -> Optional[StringParams]:
        """Returns the parameters, if the error has the code of String."""
        if not error.has_code(cls.CODE):
            return None
        return cls(
            string=_as(str, error.params.get("string")),
        )


ENTRIES: Final[tuple[Entry, ...]] = (
    Entry(code=400001, name="Class", reason="CLASS", domain=DOMAIN, http_status=400, grpc_code=3, grpc_status="INVALID_ARGUMENT", summary="A \"quoted\" text with \\ and ' and ` and ${x} and </script><!-- and */ and // and \"\"\" and #.", recovery="NONE", params=(Param("class", "string", "*/ \\u002a\\u002f \\user {@link d} @deprecated </pre> \"\"\" \\"), Param("import", "int64", "ü — 日本語 😀."), Param("func", "bool", ""), Param("from", "timestamp", "A time."), Param("await", "duration", "A duration."), Param("type", "string", ""), Param("hash_code", "string", ""), Param("a_b", "string", ""), Param("a__b", "string", ""), Param("metadata", "string", ""),), since="", deprecated="", replaced_by=""),
    Entry(code=400002, name="None", reason="NONE", domain=DOMAIN, http_status=400, grpc_code=3, grpc_status="INVALID_ARGUMENT", summary="ü — 日本語 😀.", recovery="NONE", params=(), since="1.0 \"beta\"", deprecated="2.0 */ \\", replaced_by="CLASS"),
    Entry(code=404001, name="True", reason="TRUE", domain=DOMAIN, http_status=404, grpc_code=5, grpc_status="NOT_FOUND", summary="True.", recovery="NONE", params=(), since="", deprecated="", replaced_by=""),
    Entry(code=409001, name="String", reason="STRING", domain=DOMAIN, http_status=409, grpc_code=6, grpc_status="ALREADY_EXISTS", summary="String.", recovery="NONE", params=(Param("string", "string", ""),), since="", deprecated="", replaced_by=""),
    Entry(code=499001, name="Domain", reason="DOMAIN", domain=DOMAIN, http_status=499, grpc_code=1, grpc_status="CANCELLED", summary="Domain.", recovery="NONE", params=(), since="", deprecated="", replaced_by=""),
    Entry(code=507001, name="Entries", reason="ENTRIES", domain=DOMAIN, http_status=507, grpc_code=8, grpc_status="RESOURCE_EXHAUSTED", summary="Entries.", recovery="NONE", params=(), since="", deprecated="3.0", replaced_by=""),
    Entry(code=599999, name="Proto", reason="PROTO", domain=DOMAIN, http_status=599, grpc_code=13, grpc_status="INTERNAL", summary="The last.", recovery="NONE", params=(), since="", deprecated="", replaced_by=""),
)
"""All entries, in the order of their codes."""

# The names of the gRPC codes, by their numbers.
_GRPC_CODES: Final[tuple[str, ...]] = ("OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED")
# The gRPC codes of the classes 400 and 500, and of those that differ from them.
_CLASS_TO_GRPC: Final[Mapping[int, int]] = {400: 3, 401: 16, 402: 9, 403: 7, 404: 5, 405: 12, 407: 16, 408: 4, 409: 10, 410: 5, 412: 9, 416: 11, 423: 9, 424: 9, 425: 14, 426: 9, 428: 9, 429: 8, 451: 9, 499: 1, 500: 13, 501: 12, 502: 14, 503: 14, 504: 4, 505: 12, 507: 8}
# The HTTP status of an error without a code, by the number of its gRPC code.
_GRPC_TO_CLASS: Final[tuple[int, ...]] = (200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401)
# The gRPC codes of HTTP responses that a proxy sent. All others are UNKNOWN.
_INTERMEDIARY_TO_GRPC: Final[Mapping[int, int]] = {400: 13, 401: 16, 403: 7, 404: 12, 429: 14, 502: 14, 503: 14, 504: 14}
# The parts of an error that a server removes if the error is too large, by their numbers minus one.
_SHED: Final[tuple[str, ...]] = ("DEBUG_INFO", "HELP", "LOCALIZED_MESSAGE", "FIELD_VIOLATIONS", "DETAILS", "METADATA", "MESSAGE")
