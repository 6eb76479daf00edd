//! The command `codelibra`: looks up, encodes, decodes and serves error codes.

mod args;
mod call;
mod catalog;
mod decode;
mod descriptors;
mod encode;
mod explain;
mod export;
mod failure;
mod find;
mod list;
mod map;
mod nearest;
mod output;
mod params;
mod serve;
mod visible;

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
    let catalog = catalog::load(file)?;
    match command {
        Command::List(args) => list::run(catalog, &args),
        Command::Explain(args) => explain::run(catalog, &args),
        Command::Encode(args) => encode::run(catalog, &args),
        Command::Decode(args) => decode::run(catalog, &args),
        Command::Map { table } => map::run(&table),
        Command::Call(args) => call::run(catalog, &args),
        Command::Export { what } => export::run(file, &what),
        Command::Serve(args) => serve::run(catalog, &args),
    }
}
