//! The tables of the README equal those of the code. `UPDATE_README=1 cargo test --test core readme` writes them.

use std::fmt::Write;

use codelibra::{GrpcCode, tables};

const BEGIN: &str = "<!-- tables -->\n";
const END: &str = "<!-- end of tables -->";

/// Groups the statuses 400–599 by the gRPC code of a function, one row per code. The rest of each hundred is `other`.
fn by_grpc_code(map: impl Fn(u16) -> GrpcCode, others: &[(std::ops::Range<u16>, &str)]) -> String {
    let usual = |status: u16| {
        let range = others.iter().find(|(range, _)| range.contains(&status));
        range.map(|(range, _)| {
            let of = |code: GrpcCode| range.clone().filter(|s| map(*s) == code).count();
            GrpcCode::ALL.into_iter().max_by_key(|code| of(*code)).unwrap()
        })
    };
    let mut out = String::from("| HTTP | gRPC |\n|---|---|\n");
    for code in GrpcCode::ALL {
        let mut statuses: Vec<String> = (400..600)
            .filter(|s| map(*s) == code && usual(*s) != Some(code))
            .map(|s| s.to_string())
            .collect();
        for (range, name) in others {
            if usual(range.start) == Some(code) {
                statuses.push((*name).to_owned());
            }
        }
        if !statuses.is_empty() {
            writeln!(out, "| {} | {code} |", statuses.join(", ")).unwrap();
        }
    }
    out
}

fn expected() -> String {
    let mut out = String::new();
    out.push_str("`tables::class_to_grpc`: for the class of a code, and for an HTTP response that the API itself made\n\n");
    out.push_str(&by_grpc_code(tables::class_to_grpc, &[(400..500, "other 4xx"), (500..600, "other 5xx")]));
    out.push_str(
        "\n`tables::grpc_to_class`: for a gRPC status without a code\n\n| gRPC | HTTP |\n|---|---|\n",
    );
    for code in GrpcCode::ALL.into_iter().skip(1) {
        writeln!(out, "| {code} | {} |", tables::grpc_to_class(code)).unwrap();
    }
    out.push_str("\n`tables::intermediary_to_grpc`: for an HTTP response without `grpc-status`, which a proxy made\n\n");
    out.push_str(&by_grpc_code(tables::intermediary_to_grpc, &[(400..600, "all else")]));
    out
}

#[test]
fn the_tables_of_the_readme_equal_those_of_the_code() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    let readme = std::fs::read_to_string(path).unwrap();
    let (before, rest) = readme.split_once(BEGIN).unwrap();
    let (tables, after) = rest.split_once(END).unwrap();
    let expected = expected();
    if std::env::var_os("UPDATE_README").is_some() {
        std::fs::write(path, format!("{before}{BEGIN}{expected}{END}{after}")).unwrap();
        return;
    }
    assert_eq!(tables, expected, "run UPDATE_README=1 cargo test --test core readme");
}
