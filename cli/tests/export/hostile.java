  /** The domain of the catalogue. */
  public static final String DOMAIN = "hostile.example.com";

  /** The codes, by their reasons. */
  public static final class Code {
    private Code() {}

    /** A "quoted" text with &#92; and ' and ` and $&#123;x&#125; and &#60;/script&#62;&#60;!-- and &#42;/ and // and """ and #. */
    public static final int CLASS = 400001;

    /**
     * ü — 日本語 😀.
     *
     * @deprecated since 2.0 &#42;/ &#92;; use CLASS
     */
    @Deprecated(since = "2.0 */ \\")
    public static final int NONE = 400002;

    /** True. */
    public static final int TRUE = 404001;

    /** String. */
    public static final int STRING = 409001;

    /** Domain. */
    public static final int DOMAIN = 499001;

    /**
     * Entries.
     *
     * @deprecated since 3.0
     */
    @Deprecated(since = "3.0")
    public static final int ENTRIES = 507001;

    /** The last. */
    public static final int PROTO = 599999;
  }

  /**
   * The parameters of Class. One that was not sent, or is not of its type, is empty.
   *
   * @param class_ &#42;/ &#92;u002a&#92;u002f &#92;user &#123;&#64;link d&#125; &#64;deprecated &#60;/pre&#62; """ &#92;
   * @param import_ ü — 日本語 😀.
   * @param from A time.
   * @param await A duration.
   */
  public record ClassParams(Optional<String> class_, Optional<Long> import_, Optional<Boolean> func, Optional<Instant> from, Optional<Duration> await, Optional<String> type, Optional<String> hashCode_, Optional<String> aB, Optional<String> aB_, Optional<String> metadata) {
    /** Returns the parameters, if the error has the code. */
    public static Optional<ClassParams> from(ApiError error) {
      if (!error.hasCode(Code.CLASS)) {
        return Optional.empty();
      }
      return Optional.of(
          new ClassParams(
              error.param("class", String.class),
              error.param("import", Long.class),
              error.param("func", Boolean.class),
              error.param("from", Instant.class),
              error.param("await", Duration.class),
              error.param("type", String.class),
              error.param("hash_code", String.class),
              error.param("a_b", String.class),
              error.param("a__b", String.class),
              error.param("metadata", String.class)));
    }
  }

  /**
   * The parameters of String. One that was not sent, or is not of its type, is empty.
   */
  public record StringParams(Optional<String> string) {
    /** Returns the parameters, if the error has the code. */
    public static Optional<StringParams> from(ApiError error) {
      if (!error.hasCode(Code.STRING)) {
        return Optional.empty();
      }
      return Optional.of(
          new StringParams(
              error.param("string", String.class)));
    }
  }

  private static final class Table0 {
    static void addTo(List<Entry> entries) {
      entries.add(new Entry(400001, "Class", "CLASS", DOMAIN, 400, 3, "INVALID_ARGUMENT", "A \"quoted\" text with \\ and ' and ` and ${x} and </script><!-- and */ and // and \"\"\" and #.", "NONE", List.of(new Param("class", "string", "*/ \\u002a\\u002f \\user {@link d} @deprecated </pre> \"\"\" \\"), new Param("import", "int64", "ü — 日本語 😀."), new Param("func", "bool", ""), new Param("from", "timestamp", "A time."), new Param("await", "duration", "A duration."), new Param("type", "string", ""), new Param("hash_code", "string", ""), new Param("a_b", "string", ""), new Param("a__b", "string", ""), new Param("metadata", "string", "")), "", "", ""));
      entries.add(new Entry(400002, "None", "NONE", DOMAIN, 400, 3, "INVALID_ARGUMENT", "ü — 日本語 😀.", "NONE", List.of(), "1.0 \"beta\"", "2.0 */ \\", "CLASS"));
      entries.add(new Entry(404001, "True", "TRUE", DOMAIN, 404, 5, "NOT_FOUND", "True.", "NONE", List.of(), "", "", ""));
      entries.add(new Entry(409001, "String", "STRING", DOMAIN, 409, 6, "ALREADY_EXISTS", "String.", "NONE", List.of(new Param("string", "string", "")), "", "", ""));
      entries.add(new Entry(499001, "Domain", "DOMAIN", DOMAIN, 499, 1, "CANCELLED", "Domain.", "NONE", List.of(), "", "", ""));
      entries.add(new Entry(507001, "Entries", "ENTRIES", DOMAIN, 507, 8, "RESOURCE_EXHAUSTED", "Entries.", "NONE", List.of(), "", "3.0", ""));
      entries.add(new Entry(599999, "Proto", "PROTO", DOMAIN, 599, 13, "INTERNAL", "The last.", "NONE", List.of(), "", "", ""));
    }
  }

  private static List<Entry> table() {
    List<Entry> entries = new ArrayList<>();
    Table0.addTo(entries);
    return Collections.unmodifiableList(entries);
  }

  /** The names of the gRPC codes, by their numbers. */
  private static final List<String> GRPC_CODES = List.of("OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED");

  /** The gRPC codes of the classes 400 and 500, and of those that differ from them. */
  private static final Map<Integer, Integer> CLASS_TO_GRPC = Map.ofEntries(Map.entry(400, 3), Map.entry(401, 16), Map.entry(402, 9), Map.entry(403, 7), Map.entry(404, 5), Map.entry(405, 12), Map.entry(407, 16), Map.entry(408, 4), Map.entry(409, 10), Map.entry(410, 5), Map.entry(412, 9), Map.entry(416, 11), Map.entry(423, 9), Map.entry(424, 9), Map.entry(425, 14), Map.entry(426, 9), Map.entry(428, 9), Map.entry(429, 8), Map.entry(451, 9), Map.entry(499, 1), Map.entry(500, 13), Map.entry(501, 12), Map.entry(502, 14), Map.entry(503, 14), Map.entry(504, 4), Map.entry(505, 12), Map.entry(507, 8));

  /** The HTTP status of an error without a code, by the number of its gRPC code. */
  private static final List<Integer> GRPC_TO_CLASS = List.of(200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401);

  /** The gRPC codes of HTTP responses that a proxy sent. All others are UNKNOWN. */
  private static final Map<Integer, Integer> INTERMEDIARY_TO_GRPC = Map.ofEntries(Map.entry(400, 13), Map.entry(401, 16), Map.entry(403, 7), Map.entry(404, 12), Map.entry(429, 14), Map.entry(502, 14), Map.entry(503, 14), Map.entry(504, 14));

  /** The parts of an error that a server removes if the error is too large, by their numbers minus one. */
  private static final List<String> SHED = List.of("DEBUG_INFO", "HELP", "LOCALIZED_MESSAGE", "FIELD_VIOLATIONS", "DETAILS", "METADATA", "MESSAGE");
