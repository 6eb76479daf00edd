//! The command `codelibra`: looks up, encodes, decodes and serves error codes.

mod args;
mod branches;
mod call;
mod catalog;
mod check;
mod decode;
mod descriptors;
mod diff;
mod encode;
mod explain;
mod export;
mod failure;
mod find;
mod findings;
mod folder;
mod git;
mod list;
mod lock;
mod map;
mod metadata;
mod nearest;
mod new;
mod output;
mod params;
mod progress;
mod serve;
mod source;
mod visible;
mod write;

use std::process::ExitCode;

use clap::Parser;

use args::{Args, CatalogFile, Command};
use failure::Failure;

fn main() -> ExitCode {
    let Args { catalog, command } = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return failure::report_usage(&error),
    };
    match run(&catalog, command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

fn run(file: &CatalogFile, command: Command) -> Result<(), Failure> {
    // `new`, `check` and `diff` also look at what cannot be loaded.
    let catalog = || catalog::load(file);
    match command {
        Command::List(args) => list::run(catalog()?, &args),
        Command::Explain(args) => explain::run(catalog()?, &args),
        Command::Encode(args) => encode::run(catalog()?, &args),
        Command::Decode(args) => decode::run(catalog()?, &args),
        Command::Map { table } => catalog().and_then(|_| map::run(&table)),
        Command::Call(args) => call::run(catalog()?, &args),
        Command::New(args) => new::run(file, &args),
        Command::Check(args) => check::run(file, &args),
        Command::Diff(args) => diff::run(file, &args),
        Command::Export { what } => export::run(catalog()?, file, &what),
        Command::Serve(args) => serve::run(catalog()?, &args),
    }
}
