//! Who advances a run: as fast as it goes, or by the wall clock. Ends early on Ctrl-C, with everything that was told so
//! far whole. Judges nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::base::SimTime;
use crate::scenario::{Advance, Run};
use crate::trace::Observer;

/// Whether somebody pressed Ctrl-C.
#[derive(Clone, Default)]
pub(super) struct Interrupt(Arc<Pressed>);

#[derive(Default)]
struct Pressed {
    pressed: AtomicBool,
    notify: Notify,
}

/// How the driving ended.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Driven {
    /// The run came to its end, or to the end of its budget.
    ToItsEnd,
    /// Ctrl-C.
    Interrupted,
    /// Nobody listens any more.
    Unheard,
}

/// Without a pace, a run is advanced by stretches of this length: between them, Ctrl-C is heard and progress is shown.
const STRETCH: Duration = Duration::from_millis(100);
/// The longest sleep at once; a timer of a month is nothing that a runtime must know.
const SLEEP_MAX: Duration = Duration::from_secs(3_600);
/// The least that lies between two instants of virtual time.
const INSTANT: Duration = Duration::from_nanos(1);

impl Interrupt {
    /// Hears Ctrl-C from now on, within the runtime that calls.
    pub(super) fn listen() -> Self {
        let interrupt = Self::default();
        let heard = interrupt.clone();
        tokio::spawn(async move {
            // Where the system tells of no Ctrl-C, the process ends by itself.
            if tokio::signal::ctrl_c().await.is_ok() {
                heard.0.pressed.store(true, Ordering::Relaxed);
                heard.0.notify.notify_one();
            }
        });
        interrupt
    }

    pub(super) fn is_pressed(&self) -> bool {
        self.0.pressed.load(Ordering::Relaxed)
    }

    async fn pressed(&self) {
        if !self.is_pressed() {
            self.0.notify.notified().await;
        }
    }
}

/// Advances a run to its end as fast as it goes. `go_on` hears how far it has come, and says whether anybody listens.
pub(super) async fn at_once(
    run: &mut Run,
    observer: &mut dyn Observer,
    interrupt: &Interrupt,
    mut go_on: impl FnMut(SimTime) -> bool,
) -> Driven {
    while let Some(next) = run.next() {
        match run.advance(next.after(STRETCH), observer) {
            Advance::Horizon => {}
            Advance::Ended => return Driven::ToItsEnd,
        }
        if !go_on(run.now()) {
            return Driven::Unheard;
        }
        tokio::task::yield_now().await;
        if interrupt.is_pressed() {
            return Driven::Interrupted;
        }
    }
    Driven::ToItsEnd
}

/// Advances a run by the wall clock, `pace` seconds of virtual time a second: sleeps until the next thing is due.
pub(super) async fn by_the_clock(
    run: &mut Run,
    observer: &mut dyn Observer,
    pace: f64,
    interrupt: &Interrupt,
    mut go_on: impl FnMut(SimTime) -> bool,
) -> Driven {
    let clock = Clock { began: Instant::now(), origin: run.now(), pace };
    while let Some(next) = run.next() {
        let driven = tokio::select! {
            biased;
            () = interrupt.pressed() => Some(Driven::Interrupted),
            () = clock.sleep_until(next) => None,
        };
        // What is due by now happens, also where Ctrl-C came: the outputs end at the instant at which it did. The next
        // thing happens even if the clock were behind by a rounding.
        let reached = clock.now();
        let horizon = if driven.is_none() && reached <= next { next.after(INSTANT) } else { reached };
        match run.advance(horizon, observer) {
            Advance::Horizon => {}
            Advance::Ended => return Driven::ToItsEnd,
        }
        if let Some(driven) = driven {
            return driven;
        }
        if !go_on(run.now()) {
            return Driven::Unheard;
        }
    }
    Driven::ToItsEnd
}

/// Virtual time by the wall clock.
struct Clock {
    began: Instant,
    origin: SimTime,
    pace: f64,
}

impl Clock {
    fn now(&self) -> SimTime {
        let elapsed = self.began.elapsed().as_secs_f64() * self.pace;
        self.origin.after(Duration::try_from_secs_f64(elapsed).unwrap_or(Duration::MAX))
    }

    async fn sleep_until(&self, at: SimTime) {
        loop {
            let behind = at.since(self.now()).as_secs_f64() / self.pace;
            let length = Duration::try_from_secs_f64(behind).unwrap_or(SLEEP_MAX).min(SLEEP_MAX);
            if length.is_zero() {
                return;
            }
            tokio::time::sleep(length).await;
        }
    }
}
