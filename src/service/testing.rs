//! A world for tests without packets: virtual time, tasks, and connections that are byte queues.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use hyper::rt::{Read, ReadBufCursor, Write};

use super::around::{Around, Wait};
use super::machine::{Doing, Machine};
use crate::base::SimTime;
use crate::host::{ConnectOptions, NetError};
use crate::trace::{ProgramNote, RequestNote};

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

struct Task {
    work: Option<Pin<Box<dyn Future<Output = ()>>>>,
    woken: Arc<Woken>,
}

/// Virtual time with tasks.
#[derive(Default)]
pub(crate) struct World {
    now: Cell<SimTime>,
    timers: RefCell<Vec<(SimTime, Waker)>>,
    notes: RefCell<Vec<RequestNote>>,
    tasks: RefCell<Vec<Task>>,
}

impl World {
    pub(crate) fn new() -> Rc<Self> {
        Rc::default()
    }

    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + 'static) {
        let task = Task { work: Some(Box::pin(work)), woken: Arc::new(Woken(AtomicBool::new(true))) };
        self.tasks.borrow_mut().push(task);
    }

    /// Runs until `work` is done; `None` if nothing can happen any more before that.
    pub(crate) fn run<T: 'static>(&self, work: impl Future<Output = T> + 'static) -> Option<T> {
        let result = Rc::new(RefCell::new(None));
        let slot = result.clone();
        self.spawn(async move {
            let value = work.await;
            *slot.borrow_mut() = Some(value);
        });
        while result.borrow().is_none() {
            if !self.turn() && !self.skip() {
                return None;
            }
        }
        result.take()
    }

    /// Runs until nothing happens any more.
    pub(crate) fn settle(&self) {
        while self.turn() || self.skip() {}
    }

    pub(crate) fn notes(&self) -> Vec<RequestNote> {
        self.notes.borrow().clone()
    }

    pub(crate) fn forget_notes(&self) {
        self.notes.borrow_mut().clear();
    }

    fn turn(&self) -> bool {
        let mut any = false;
        let mut at = 0;
        while at < self.tasks.borrow().len() {
            let (work, woken) = {
                let mut tasks = self.tasks.borrow_mut();
                let task = &mut tasks[at];
                if !task.woken.0.swap(false, Ordering::Relaxed) {
                    at += 1;
                    continue;
                }
                (task.work.take(), task.woken.clone())
            };
            if let Some(mut work) = work {
                any = true;
                if work.as_mut().poll(&mut Context::from_waker(&Waker::from(woken))).is_pending() {
                    self.tasks.borrow_mut()[at].work = Some(work);
                }
            }
            at += 1;
        }
        let mut tasks = self.tasks.borrow_mut();
        while tasks.last().is_some_and(|task| task.work.is_none()) {
            tasks.pop();
        }
        any
    }

    /// Goes on to the next timer.
    fn skip(&self) -> bool {
        let mut timers = self.timers.borrow_mut();
        let Some(next) = timers.iter().map(|(at, _)| *at).min() else { return false };
        self.now.set(next.max(self.now.get()));
        timers.retain(|(at, waker)| {
            if *at <= next {
                waker.wake_by_ref();
            }
            next < *at
        });
        true
    }
}

/// A shared world as services see it.
pub(crate) struct Outside(pub(crate) Rc<World>);

impl Around for Outside {
    fn now(&self) -> SimTime {
        self.0.now.get()
    }

    fn wait_until(&self, at: SimTime) -> Wait {
        let world = self.0.clone();
        Box::pin(std::future::poll_fn(move |cx| {
            if at <= world.now.get() {
                return Poll::Ready(());
            }
            let mut timers = world.timers.borrow_mut();
            timers.retain(|(other, waker)| *other != at || !waker.will_wake(cx.waker()));
            timers.push((at, cx.waker().clone()));
            Poll::Pending
        }))
    }

    fn log(&self, note: RequestNote) {
        self.0.notes.borrow_mut().push(note);
    }
}

type Dial = Rc<dyn Fn(SocketAddr) -> Result<End, NetError>>;

/// A machine of the world: its connections come from a function.
#[derive(Clone)]
pub(crate) struct Computer {
    world: Rc<World>,
    dial: Dial,
    notes: Rc<RefCell<Vec<(SimTime, ProgramNote)>>>,
}

impl Computer {
    pub(crate) fn new(world: &Rc<World>, dial: impl Fn(SocketAddr) -> Result<End, NetError> + 'static) -> Self {
        Self { world: world.clone(), dial: Rc::new(dial), notes: Rc::default() }
    }

    pub(crate) fn said(&self) -> Vec<(SimTime, ProgramNote)> {
        self.notes.borrow().clone()
    }

    /// How its program ended: what it completed, or why it failed.
    #[track_caller]
    pub(crate) fn end(&self) -> Result<String, String> {
        let notes = self.notes.borrow();
        match notes.last() {
            Some((_, ProgramNote::Completed { what })) => Ok(what.clone()),
            Some((_, ProgramNote::Failed { error, .. })) => Err(error.clone()),
            other => panic!("the program did not end: {other:?}"),
        }
    }
}

impl Machine for Computer {
    type Stream = End;

    fn now(&self) -> SimTime {
        self.world.now.get()
    }

    fn wait_until(&self, at: SimTime) -> Wait {
        Outside(self.world.clone()).wait_until(at)
    }

    fn connect(&self, to: SocketAddr, options: ConnectOptions) -> Doing<Result<End, NetError>> {
        let (dial, world) = (self.dial.clone(), self.clone());
        Box::pin(async move {
            let made = dial(to);
            if made.is_err() {
                world.wait(options.timeout.unwrap_or(Duration::from_secs(127))).await;
            }
            made
        })
    }

    fn resolve(&self, name: &str) -> Doing<Result<Vec<IpAddr>, String>> {
        let name = name.to_owned();
        Box::pin(async move {
            if name.ends_with(".amazonaws.com") {
                Ok(vec![IpAddr::from([52, 218, 0, 1])])
            } else {
                Err(format!("could not resolve host {name}: name or service not known"))
            }
        })
    }

    fn note(&self, note: ProgramNote) {
        self.notes.borrow_mut().push((self.now(), note));
    }
}

#[derive(Default)]
struct Pipe {
    bytes: VecDeque<u8>,
    closed: bool,
    reset: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
    passed: u64,
    /// Breaks after so many bytes.
    breaks_after: Option<u64>,
}

impl Pipe {
    fn wake(&mut self) {
        self.reader.take().into_iter().chain(self.writer.take()).for_each(Waker::wake);
    }
}

/// One end of a connection.
pub(crate) struct End {
    read: Rc<RefCell<Pipe>>,
    write: Rc<RefCell<Pipe>>,
}

/// Room of a pipe, as little as a small send buffer.
const ROOM: usize = 16 * 1024;

/// Two ends of a connection.
pub(crate) fn pair() -> (End, End) {
    let (one, two) = (Rc::new(RefCell::new(Pipe::default())), Rc::new(RefCell::new(Pipe::default())));
    (End { read: one.clone(), write: two.clone() }, End { read: two, write: one })
}

impl End {
    /// The connection resets once this end has sent so many more bytes.
    pub(crate) fn break_after(&self, bytes: u64) {
        let mut pipe = self.write.borrow_mut();
        pipe.breaks_after = Some(pipe.passed + bytes);
    }

    fn reset(&self) {
        for pipe in [&self.read, &self.write] {
            let mut pipe = pipe.borrow_mut();
            pipe.reset = true;
            pipe.wake();
        }
    }
}

impl Drop for End {
    fn drop(&mut self) {
        for pipe in [&self.read, &self.write] {
            let mut pipe = pipe.borrow_mut();
            pipe.closed = true;
            pipe.wake();
        }
    }
}

impl Read for End {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, mut buf: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        let mut pipe = self.read.borrow_mut();
        if !pipe.bytes.is_empty() {
            let count = pipe.bytes.len().min(buf.remaining());
            let taken: Vec<u8> = pipe.bytes.drain(..count).collect();
            buf.put_slice(&taken);
            pipe.wake();
            return Poll::Ready(Ok(()));
        }
        if pipe.reset {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        if pipe.closed {
            return Poll::Ready(Ok(()));
        }
        pipe.reader = Some(cx.waker().clone());
        Poll::Pending
    }
}

impl Write for End {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut pipe = self.write.borrow_mut();
        if pipe.reset {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        if pipe.closed {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let room = ROOM - pipe.bytes.len();
        if room == 0 {
            pipe.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let count = bytes.len().min(room);
        pipe.bytes.extend(&bytes[..count]);
        pipe.passed += count as u64;
        pipe.wake();
        if pipe.breaks_after.is_some_and(|limit| limit <= pipe.passed) {
            drop(pipe);
            self.reset();
        }
        Poll::Ready(Ok(count))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut pipe = self.write.borrow_mut();
        pipe.closed = true;
        pipe.wake();
        Poll::Ready(Ok(()))
    }
}
