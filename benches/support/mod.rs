//! What the benchmarks share: cases measured in interleaved rounds of one process, instruction counts by valgrind where
//! it is installed, and a table of ratios with the goal beside each. Knows nothing of what is measured.
#![expect(unreachable_pub, reason = "each benchmark is a crate of its own and takes what it needs")]

use std::fmt::Write as _;
use std::process::Command;
use std::time::Instant;

/// How a benchmark was called.
pub struct Options {
    /// Briefly: does everything once and small, measures nothing worth reading. So without `--bench`, as `cargo test`
    /// calls it, or with `--smoke`.
    pub smoke: bool,
    /// Whether instructions are counted too; slow.
    pub instructions: bool,
    /// One case alone, and how many units of it: how the counting of instructions calls.
    alone: Option<(String, u64)>,
    /// Cases whose name holds this text only.
    filter: Option<String>,
}

impl Options {
    /// Reads the command line of a benchmark.
    #[expect(clippy::disallowed_methods, reason = "a benchmark is its own command line")]
    pub fn read() -> Self {
        let args: Vec<String> = std::env::args().skip(1).collect();
        let has = |flag: &str| args.iter().any(|arg| arg == flag);
        let value = |flag: &str| args.iter().position(|arg| arg == flag).and_then(|at| args.get(at + 1)).cloned();
        let alone = value("--alone").zip(value("--units").and_then(|units| units.parse().ok()));
        let smoke = has("--smoke") || !(has("--bench") || alone.is_some());
        Self { smoke, instructions: has("--instructions"), alone, filter: value("--only") }
    }

    /// A count: the whole one, or the small one for a smoke run.
    pub fn scaled(&self, full: u64, small: u64) -> u64 {
        if self.smoke { small } else { full }
    }
}

/// Work that was set up: does so many units of it.
pub type Work = Box<dyn FnMut(u64)>;

/// One thing to measure.
pub struct Case {
    /// Its name in the table.
    pub name: String,
    /// Sets it up; not measured.
    pub make: Box<dyn Fn() -> Work>,
    /// Units of work in one round.
    pub units: u64,
}

impl Case {
    /// A case of that name.
    pub fn new(name: impl Into<String>, units: u64, make: impl Fn() -> Work + 'static) -> Self {
        Self { name: name.into(), make: Box::new(make), units }
    }
}

/// What was measured of a case.
pub struct Measured {
    /// Its name.
    pub name: String,
    /// Nanoseconds a unit: of all rounds, in order of size.
    pub nanos: Vec<f64>,
    /// Instructions a unit.
    pub instructions: Option<f64>,
}

impl Measured {
    /// The middle round, in nanoseconds a unit.
    pub fn median(&self) -> f64 {
        self.nanos[self.nanos.len() / 2]
    }
}

/// Rounds of a whole measurement: enough for a median, odd so that there is one.
const ROUNDS: u64 = 9;

/// Measures all cases in interleaved rounds: what slows the machine down slows all of them. Does not return where the
/// process was called to count the instructions of one case.
pub fn measure(options: &Options, cases: &[Case]) -> Vec<Measured> {
    if let Some((name, units)) = &options.alone {
        let case = cases.iter().find(|case| case.name == *name).expect("the name of a case");
        let mut work = (case.make)();
        work(*units);
        std::process::exit(0);
    }
    let chosen: Vec<&Case> =
        cases.iter().filter(|case| options.filter.as_ref().is_none_or(|text| case.name.contains(text))).collect();
    let mut works: Vec<Work> = chosen.iter().map(|case| (case.make)()).collect();
    let mut nanos: Vec<Vec<f64>> = chosen.iter().map(|_| Vec::new()).collect();
    for round in 0..=options.scaled(ROUNDS, 1) {
        for (index, case) in chosen.iter().enumerate() {
            #[expect(clippy::disallowed_methods, reason = "a benchmark has a clock")]
            let start = Instant::now();
            works[index](case.units);
            // The first round warms the caches up.
            if 0 < round {
                nanos[index].push(start.elapsed().as_nanos() as f64 / case.units as f64);
            }
        }
    }
    let measured = chosen.iter().zip(nanos).map(|(case, mut nanos)| {
        nanos.sort_by(f64::total_cmp);
        let instructions = options.instructions.then(|| instructions(case)).flatten();
        Measured { name: case.name.clone(), nanos, instructions }
    });
    measured.collect()
}

/// Instructions of a unit: the difference of two runs under valgrind, so that setting up is not counted.
fn instructions(case: &Case) -> Option<f64> {
    let (few, many) = (1_000.min(case.units / 2), 3_000.min(case.units));
    let of_few = collected(&case.name, few)?;
    let of_many = collected(&case.name, many)?;
    Some((of_many - of_few) as f64 / (many - few) as f64)
}

#[expect(clippy::disallowed_methods, reason = "a benchmark finds itself to run itself")]
fn collected(name: &str, units: u64) -> Option<u64> {
    let program = std::env::current_exe().ok()?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .args(["--alone", name, "--units", &units.to_string()])
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    text.lines().find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok())
}

/// A claim about what was measured, with its goal.
pub struct Claim {
    /// What is claimed.
    pub what: String,
    /// What was found.
    pub found: f64,
    /// How it is written, such as `x` or ` ns`.
    pub unit: &'static str,
    /// What must hold.
    pub must: Limit,
    /// What is aimed at.
    pub target: Limit,
}

/// A bound.
#[derive(Copy, Clone)]
pub enum Limit {
    /// At most.
    Most(f64),
    /// At least.
    Least(f64),
}

impl Limit {
    fn holds(self, found: f64) -> bool {
        match self {
            Self::Most(limit) => found <= limit,
            Self::Least(limit) => limit <= found,
        }
    }

    fn text(self, unit: &str) -> String {
        match self {
            Self::Most(limit) => format!("<= {limit}{unit}"),
            Self::Least(limit) => format!(">= {limit}{unit}"),
        }
    }
}

/// Prints what was measured, and what is claimed of it.
#[expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]
pub fn print(title: &str, unit: &str, measured: &[Measured], claims: &[Claim]) {
    let mut text = format!("\n{title}\n");
    let _ = writeln!(text, "{:<58} {:>10} {:>21} {:>12}", "case", format!("ns/{unit}"), "[min..max]", "instr.");
    for case in measured {
        let (first, last) = (case.nanos[0], case.nanos[case.nanos.len() - 1]);
        let range = format!("[{first:.1}..{last:.1}]");
        let instructions = case.instructions.map_or("-".to_owned(), |count| format!("{count:.0}"));
        let _ = writeln!(text, "{:<58} {:>10.1} {range:>21} {instructions:>12}", case.name, case.median());
    }
    if !claims.is_empty() {
        let _ = writeln!(text, "\n{:<58} {:>10} {:>12} {:>12}  verdict", "claim", "found", "must", "target");
    }
    for claim in claims {
        let verdict = match (claim.must.holds(claim.found), claim.target.holds(claim.found)) {
            (true, true) => "target met",
            (true, false) => "must met",
            (false, _) => "MISSED",
        };
        let found = format!("{:.2}{}", claim.found, claim.unit);
        let (must, target) = (claim.must.text(claim.unit), claim.target.text(claim.unit));
        let _ = writeln!(text, "{:<58} {found:>10} {must:>12} {target:>12}  {verdict}", claim.what);
    }
    println!("{text}");
}

/// The case of this name.
pub fn find<'a>(measured: &'a [Measured], name: &str) -> Option<&'a Measured> {
    measured.iter().find(|case| case.name == name)
}

/// How many times as long `name` takes as `base`, where both were measured; and the same of instructions.
pub fn ratio(measured: &[Measured], name: &str, base: &str) -> Option<(f64, Option<f64>)> {
    let (case, base) = (find(measured, name)?, find(measured, base)?);
    let instructions = case.instructions.zip(base.instructions).map(|(case, base)| case / base);
    Some((case.median() / base.median(), instructions))
}
