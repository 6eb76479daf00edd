//! Runs the fuzz targets on a stable toolchain, and prints a line for each.
//!
//! It runs the seeds, mutates them, and keeps each input that has a new outcome. An input that breaks a promise is written to
//! `target/fuzz/TARGET-HASH` and ends the target; the exit status is 1. The input of the run in progress is in
//! `target/fuzz/TARGET-running`. This file remains if the run does not end, or aborts the process.

#![allow(clippy::print_stdout, reason = "a command")]

mod report;

use std::collections::HashSet;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use clap::Parser;
use codelibra_fuzz::mutate::{Random, mutate};
use codelibra_fuzz::running::Running;
use codelibra_fuzz::{TARGETS, Target};

use report::{FOLDER, Report};

/// Runs fuzz targets with mutated seeds.
#[derive(Parser)]
struct Args {
    /// How long each target runs, in seconds.
    #[arg(long, default_value_t = 20)]
    seconds: u64,
    /// How many targets run at once.
    #[arg(long, default_value_t = 2)]
    jobs: usize,
    /// The seed of the mutations: the same seed gives the same inputs.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Runs this file once instead of mutating, such as the input that a failed run wrote; may be repeated.
    #[arg(long, value_name = "FILE")]
    input: Vec<PathBuf>,
    /// The targets. Without this argument, all of them run.
    #[arg(value_name = "TARGET")]
    targets: Vec<String>,
}

/// The highest number of inputs that are kept for a target.
const MAX_CORPUS: usize = 20_000;

fn main() -> ExitCode {
    let args = Args::parse();
    let mut targets = Vec::new();
    for name in &args.targets {
        let Some(target) = TARGETS.iter().find(|target| target.name == name) else {
            let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
            eprintln!("error: there is no target `{name}`; expected one of {}", names.join(", "));
            return ExitCode::from(2);
        };
        targets.push(*target);
    }
    if targets.is_empty() {
        targets = TARGETS.to_vec();
    }
    let mut inputs = Vec::new();
    for path in &args.input {
        match std::fs::read(path) {
            Ok(input) => inputs.push(input),
            Err(error) => {
                eprintln!("error: cannot read `{}`: {error}", path.display());
                return ExitCode::from(2);
            }
        }
    }
    // The report contains the message of a panic, and its input.
    std::panic::set_hook(Box::new(|_| {}));
    println!("{}", Report::HEAD);
    let queue = Mutex::new(targets.into_iter());
    let next = || queue.lock().ok().and_then(|mut queue| queue.next());
    let work = || {
        let mut failed = false;
        while let Some(target) = next() {
            let report = match Running::create(Path::new(FOLDER), target.name) {
                Ok(running) => run(target, &args, &inputs, running),
                Err(error) => {
                    eprintln!("error: cannot create a file in `{FOLDER}`: {error}");
                    return true;
                }
            };
            println!("{report}");
            failed |= report.is_failure();
        }
        failed
    };
    let failed = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..args.jobs.max(1)).map(|_| scope.spawn(work)).collect();
        let ended: Vec<bool> = workers.into_iter().map(|worker| worker.join().unwrap_or(true)).collect();
        ended.contains(&true)
    });
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn run(target: Target, args: &Args, inputs: &[Vec<u8>], mut running: Running) -> Report {
    let report = if inputs.is_empty() {
        fuzz(target, args, &mut running)
    } else {
        replay(target, inputs, &mut running)
    };
    if let Err(error) = running.remove() {
        eprintln!("warning: cannot remove the file of the run in progress of `{}`: {error}", target.name);
    }
    report
}

fn replay(target: Target, inputs: &[Vec<u8>], running: &mut Running) -> Report {
    let mut report = Report::new(target.name);
    for input in inputs {
        if let Err(fault) = execute(target, input, &mut report, running) {
            report.fail(input, &fault);
            break;
        }
    }
    report
}

fn fuzz(target: Target, args: &Args, running: &mut Running) -> Report {
    let mut report = Report::new(target.name);
    let mut random =
        Random::new(BuildHasherDefault::<DefaultHasher>::default().hash_one((args.seed, target.name)));
    let mut corpus = (target.seeds)();
    let mut outcomes = HashSet::new();
    let seeds = corpus.clone();
    // The first run creates what exists once in a process. Its memory must not be counted for an input.
    let _ = seeds.first().map(|seed| catch_unwind(AssertUnwindSafe(|| (target.run)(seed))));
    let start = Instant::now();
    for input in &seeds {
        match execute(target, input, &mut report, running) {
            Ok(outcome) => drop(outcomes.insert(outcome)),
            Err(fault) => {
                report.fail(input, &fault);
                return report;
            }
        }
    }
    while start.elapsed() < Duration::from_secs(args.seconds) {
        let pick = |random: &mut Random| corpus.get(random.below(corpus.len())).cloned().unwrap_or_default();
        let (input, other) = (pick(&mut random), pick(&mut random));
        let input = mutate(&mut random, &input, &other);
        match execute(target, &input, &mut report, running) {
            Ok(outcome) => {
                if outcomes.insert(outcome) && corpus.len() < MAX_CORPUS {
                    corpus.push(input);
                }
            }
            Err(fault) => {
                report.fail(&input, &fault);
                break;
            }
        }
    }
    report.outcomes = outcomes.len();
    report
}

/// Runs one input.
///
/// # Errors
///
/// Returns the message of the panic, or the error of a file.
fn execute(target: Target, input: &[u8], report: &mut Report, running: &mut Running) -> Result<u64, String> {
    running.write(input).map_err(|error| format!("cannot write the input to `{FOLDER}`: {error}"))?;
    let mut ran = Ok(0);
    let start = Instant::now();
    let allocated = allocation_counter::measure(|| {
        ran = catch_unwind(AssertUnwindSafe(|| (target.run)(input)));
    });
    report.count(input, start.elapsed(), allocated.bytes_max);
    ran.map_err(|payload| {
        let text = payload.downcast_ref::<String>().map(String::as_str);
        text.or_else(|| payload.downcast_ref::<&str>().copied())
            .unwrap_or("a panic without a text")
            .to_owned()
    })
}
