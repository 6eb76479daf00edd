//! The fields of generated structs.

/// A param's name as a Rust field: keywords are made raw, and the four that cannot be get a `_`.
pub(crate) fn field(name: &str) -> String {
    const KEYWORDS: [&str; 45] = [
        "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn",
        "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop",
        "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "static",
        "struct", "trait", "true", "try", "type", "typeof", "unsafe", "use", "where", "while",
    ];
    const NEVER_RAW: [&str; 3] = ["crate", "self", "super"];
    match name {
        _ if KEYWORDS.contains(&name) || matches!(name, "virtual" | "yield" | "unsized") => {
            format!("r#{name}")
        }
        _ if NEVER_RAW.contains(&name) => format!("{name}_"),
        _ => name.to_owned(),
    }
}
