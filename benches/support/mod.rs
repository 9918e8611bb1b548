//! What the benchmarks share: cases measured in interleaved rounds of one process, instruction counts by valgrind where
//! it is installed, and a table of ratios with the goal beside each. Knows nothing of what is measured.

use std::fmt::Write as _;
use std::process::Command;
use std::time::Instant;

/// How a benchmark was called.
pub(crate) struct Options {
    /// Briefly: does everything once and small, measures nothing worth reading. So without `--bench`, as `cargo test`
    /// calls it, or with `--smoke`.
    pub(crate) smoke: bool,
    /// Whether instructions are counted too; slow.
    pub(crate) instructions: bool,
    /// One case alone, and how many units of it: how the counting of instructions calls.
    alone: Option<(String, u64)>,
    /// What to weigh, and how many of it: how the weighing of memory calls.
    weighing: Option<(String, u64)>,
    /// Cases whose name holds this text only.
    filter: Option<String>,
}

impl Options {
    /// Reads the command line of a benchmark.
    #[expect(clippy::disallowed_methods, reason = "a benchmark is its own command line")]
    pub(crate) fn read() -> Self {
        let args: Vec<String> = std::env::args().skip(1).collect();
        let has = |flag: &str| args.iter().any(|arg| arg == flag);
        let value = |flag: &str| args.iter().position(|arg| arg == flag).and_then(|at| args.get(at + 1)).cloned();
        let alone = value("--alone").zip(value("--units").and_then(|units| units.parse().ok()));
        let weighing = value("--weigh").zip(value("--units").and_then(|units| units.parse().ok()));
        let smoke = has("--smoke") || !(has("--bench") || alone.is_some());
        Self { smoke, instructions: has("--instructions"), alone, weighing, filter: value("--only") }
    }

    /// Whether cases of that name were asked for by name.
    pub(crate) fn chooses(&self, text: &str) -> bool {
        self.filter.as_ref().is_some_and(|filter| filter.contains(text))
    }

    /// What is to be weighed in this process, and how many of it.
    pub(crate) fn weighing(&self) -> Option<(String, u64)> {
        self.weighing.clone()
    }

    /// Bytes of each of so many things, found by a process of its own.
    pub(crate) fn weigh(&self, what: &str, count: u64) -> Option<f64> {
        if self.filter.as_ref().is_some_and(|text| !"memory".contains(text.as_str())) {
            return None;
        }
        let program = std::env::current_exe().ok()?;
        let output = Command::new(program).args(["--weigh", what, "--units", &count.to_string()]).output().ok()?;
        String::from_utf8_lossy(&output.stdout).trim().parse().ok()
    }

    /// A count: the whole one, or the small one for a smoke run.
    pub(crate) fn scaled(&self, full: u64, small: u64) -> u64 {
        if self.smoke { small } else { full }
    }
}

/// Work that was set up: does so many units of it.
pub(crate) type Work = Box<dyn FnMut(u64)>;

/// One thing to measure.
pub(crate) struct Case {
    /// Its name in the table.
    pub(crate) name: String,
    /// Sets it up; not measured.
    pub(crate) make: Box<dyn Fn() -> Work>,
    /// Units of work in one round.
    pub(crate) units: u64,
    /// Work comes in multiples of so many units.
    pub(crate) step: u64,
    /// Instructions are counted of so many units.
    pub(crate) counted: u64,
}

impl Case {
    /// A case of that name.
    pub(crate) fn new(name: impl Into<String>, units: u64, make: impl Fn() -> Work + 'static) -> Self {
        let counted = COUNTED.min(units / 2);
        Self { name: name.into(), make: Box::new(make), units, step: 1, counted }
    }

    /// The same, whose instructions are counted of equally many units in brief and in whole runs: for comparing.
    pub(crate) fn on_record(mut self) -> Self {
        self.counted = COUNTED;
        self
    }

    /// The same, of work that comes in multiples of `step` units.
    pub(crate) fn by(mut self, step: u64) -> Self {
        self.step = step;
        self.units = self.units.div_ceil(step) * step;
        self
    }
}

/// What was measured of a case.
pub(crate) struct Measured {
    /// Its name.
    pub(crate) name: String,
    /// Nanoseconds a unit: of all rounds, in order of size.
    pub(crate) nanos: Vec<f64>,
    /// The same in the order of time.
    pub(crate) in_order: Vec<f64>,
    /// Instructions a unit.
    pub(crate) instructions: Option<f64>,
}

impl Measured {
    /// The middle round, in nanoseconds a unit.
    pub(crate) fn median(&self) -> f64 {
        self.nanos[self.nanos.len() / 2]
    }
}

/// Units whose instructions are counted, where there are as many.
const COUNTED: u64 = 2_000;

/// Rounds of a whole measurement: enough for a median, odd so that there is one.
const ROUNDS: u64 = 9;

/// Measures all cases in interleaved rounds: what slows the machine down slows all of them. Does not return where the
/// process was called to count the instructions of one case.
pub(crate) fn measure(options: &Options, cases: &[Case]) -> Vec<Measured> {
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
    let measured = chosen.iter().zip(nanos).map(|(case, in_order)| {
        let mut nanos = in_order.clone();
        nanos.sort_by(f64::total_cmp);
        let instructions = options.instructions.then(|| instructions(case)).flatten();
        Measured { name: case.name.clone(), nanos, in_order, instructions }
    });
    measured.collect()
}

/// Instructions of a unit: the difference of two runs under valgrind, so that setting up is not counted.
fn instructions(case: &Case) -> Option<f64> {
    let multiple = |units: u64| units.div_ceil(case.step) * case.step;
    let few = multiple(case.counted / 2);
    let many = few + multiple(case.counted);
    let of_few = collected(&case.name, few)?;
    let of_many = collected(&case.name, many)?;
    Some((of_many - of_few) as f64 / (many - few) as f64)
}

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
pub(crate) struct Claim {
    /// What is claimed.
    pub(crate) what: String,
    /// What was found.
    pub(crate) found: f64,
    /// How it is written, such as `x` or ` ns`.
    pub(crate) unit: &'static str,
    /// What must hold.
    pub(crate) must: Limit,
    /// What is aimed at.
    pub(crate) target: Limit,
}

/// A bound.
#[derive(Copy, Clone)]
pub(crate) enum Limit {
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

/// Prints what was measured, and what is claimed of it; a smoke run has measured nothing that could be claimed. Ends the
/// process with 1 where instructions were counted and are more than those written down.
#[expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]
pub(crate) fn print(options: &Options, title: &str, unit: &str, measured: &[Measured], claims: &[Claim]) {
    // What a brief run measures claims nothing, but what it counts does.
    let claims: Vec<&Claim> = claims.iter().filter(|claim| !options.smoke || claim.what.starts_with(GUARD)).collect();
    let mut text = format!("\n{title}\n");
    let _ = writeln!(text, "{:<58} {:>10} {:>21} {:>12}", "case", format!("ns/{unit}"), "[min..max]", "instr.");
    for case in measured {
        let (first, last) = (case.nanos[0], case.nanos[case.nanos.len() - 1]);
        let range = format!("[{}..{}]", shown(first), shown(last));
        let instructions = case.instructions.map_or("-".to_owned(), |count| format!("{count:.0}"));
        let _ = writeln!(text, "{:<58} {:>10} {range:>21} {instructions:>12}", case.name, shown(case.median()));
    }
    if !claims.is_empty() {
        let _ = writeln!(text, "\n{:<58} {:>10} {:>12} {:>12}  verdict", "claim", "found", "must", "target");
    }
    for claim in &claims {
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
    if claims.iter().any(|claim| claim.what.starts_with(GUARD) && !claim.must.holds(claim.found)) {
        std::process::exit(1);
    }
}

/// Nanoseconds; or milliseconds, where there are many of them.
fn shown(nanos: f64) -> String {
    if nanos < 1e7 { format!("{nanos:.1}") } else { format!("{:.0} ms", nanos / 1e6) }
}

/// The case of this name.
pub(crate) fn find<'a>(measured: &'a [Measured], name: &str) -> Option<&'a Measured> {
    measured.iter().find(|case| case.name == name)
}

/// How the claims of the guard begin.
const GUARD: &str = "instructions beside those written down (goal 13)";

/// Where the instructions of fixed cases are written down. A line is a name and a number, with a tab between.
const RECORD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/instructions.txt");
/// By how much the first case, which is not ours, may differ from its record: more, and compiler or processor are others.
const YARDSTICK_MOST: f64 = 0.005;

/// Instructions of fixed cases beside those that were written down, within two hundredths (goal 13). What is not compared
/// is said: nothing is where valgrind is missing, or where the first case has another count than on record. Ends the
/// process with 1 where instructions were counted and the record cannot be read.
#[expect(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark prints what it found")]
pub(crate) fn guard(options: &Options, measured: &[Measured], names: &[&str]) -> Vec<Claim> {
    if !options.instructions {
        return Vec::new();
    }
    let (claims, left_out) = match compared(measured, names) {
        Ok(both) => both,
        Err(unreadable) => {
            eprintln!("cannot compare instructions: {unreadable}");
            std::process::exit(1);
        }
    };
    for why in left_out {
        println!("not compared: {why}");
    }
    claims
}

/// The claims, and what is not compared with why; an error where there is something to compare and no record of it.
#[expect(clippy::disallowed_methods, reason = "a benchmark reads what was written down")]
fn compared(measured: &[Measured], names: &[&str]) -> Result<(Vec<Claim>, Vec<String>), String> {
    let counted: Vec<(&str, f64)> =
        names.iter().filter_map(|name| Some((*name, find(measured, name)?.instructions?))).collect();
    if counted.is_empty() {
        return Ok((Vec::new(), vec!["no instructions were counted; is valgrind installed?".to_owned()]));
    }
    let written = std::fs::read_to_string(RECORD).map_err(|error| format!("{RECORD}: {error}"))?;
    let known = |name: &str| -> Result<f64, String> {
        let line = written.lines().find_map(|line| line.split_once('\t').filter(|(one, _)| *one == name));
        let (_, count) = line.ok_or_else(|| format!("{RECORD} has no line of `{name}`"))?;
        count.trim().parse().map_err(|_| format!("{RECORD}: `{count}` is not the count of `{name}`"))
    };
    let mut left_out: Vec<String> = names
        .iter()
        .filter(|name| counted.iter().all(|(one, _)| one != *name))
        .map(|name| format!("{name}: its instructions were not counted"))
        .collect();
    let yardstick = counted.iter().find(|(name, _)| names.first() == Some(name));
    let Some((name, now)) = yardstick else { return Ok((Vec::new(), left_out)) };
    let before = known(name)?;
    if YARDSTICK_MOST <= (now / before - 1.0).abs() {
        left_out.push(format!(
            "{name} takes {now:.0} instructions and {before} on record: compiler or processor are others"
        ));
        return Ok((Vec::new(), left_out));
    }
    let claims = counted.iter().map(|(name, now)| {
        let what = format!("{GUARD}: {name}");
        Ok(Claim { what, found: now / known(name)?, unit: "x", must: Limit::Most(1.02), target: Limit::Most(1.0) })
    });
    Ok((claims.collect::<Result<_, String>>()?, left_out))
}

/// How many times as long `name` takes as `base`, where both were measured; and the same of instructions.
pub(crate) fn ratio(measured: &[Measured], name: &str, base: &str) -> Option<(f64, Option<f64>)> {
    let (case, base) = (find(measured, name)?, find(measured, base)?);
    let instructions = case.instructions.zip(base.instructions).map(|(case, base)| case / base);
    Some((case.median() / base.median(), instructions))
}
