//! Programs as asynchronous functions: what they can ask of their host, and how they are polled. No runtime, no clock:
//! a task is polled within the host's own events, when something it waits for has come.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use super::config::{ConnectOptions, ListenOptions};
use super::connection::Owner;
use super::error::NetError;
use super::stack::{Deferred, Stack, TimerKey, TimerTarget};
use super::stream::{TcpListener, TcpStream};
use crate::base::{Rng, SimTime};
use crate::trace::{Note, ProgramId, ProgramNote, RequestNote};

/// A future that a host polls.
pub(super) type Work = Pin<Box<dyn Future<Output = ()>>>;

/// Tasks that were woken, in the order in which they were.
#[derive(Default)]
pub(super) struct Wakes(Mutex<VecDeque<u32>>);

impl Wakes {
    pub(super) fn pop(&self) -> Option<u32> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }
}

/// One task of a host.
pub(super) struct Task {
    pub(super) work: Option<Work>,
    pub(super) waker: Waker,
    pub(super) wake: Arc<TaskWake>,
}

/// Puts its task into the list of woken ones, once.
pub(super) struct TaskWake {
    task: u32,
    queued: AtomicBool,
    wakes: Arc<Wakes>,
}

impl Task {
    /// A task that is due to be polled.
    pub(super) fn new(task: u32, work: Work, wakes: &Arc<Wakes>) -> Self {
        let wake = Arc::new(TaskWake { task, queued: AtomicBool::new(false), wakes: wakes.clone() });
        let waker = Waker::from(wake.clone());
        waker.wake_by_ref();
        Self { work: Some(work), waker, wake }
    }
}

impl TaskWake {
    /// From here on it can be woken again.
    pub(super) fn taken(&self) {
        self.queued.store(false, Ordering::Relaxed);
    }
}

impl Wake for TaskWake {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.queued.swap(true, Ordering::Relaxed) {
            self.wakes.0.lock().unwrap_or_else(PoisonError::into_inner).push_back(self.task);
        }
    }
}

/// What a host and its tasks share.
pub(super) struct Shared {
    pub(super) stack: RefCell<Stack>,
    pub(super) spawned: RefCell<Vec<Work>>,
}

/// A task's view of its host's network. Cloning it is cheap.
#[derive(Clone)]
pub struct Net {
    pub(super) shared: Rc<Shared>,
    pub(super) program: Option<ProgramId>,
}

impl Net {
    /// The instant.
    pub fn now(&self) -> SimTime {
        self.shared.stack.borrow().now
    }

    /// Whose program this is.
    pub fn program(&self) -> Option<ProgramId> {
        self.program
    }

    /// The same network for what the host does by itself, such as looking a name up: no program's.
    #[must_use]
    pub fn of_host(&self) -> Self {
        Self { shared: self.shared.clone(), program: None }
    }

    /// Waits for `length`.
    pub fn sleep(&self, length: Duration) -> Sleep {
        self.sleep_until(self.now().after(length))
    }

    /// Waits until `at`.
    pub fn sleep_until(&self, at: SimTime) -> Sleep {
        Sleep { shared: self.shared.clone(), at, key: None }
    }

    /// Waits for `future`, but not longer than `length`: then it is dropped and `None` comes back.
    pub async fn timeout<T>(&self, length: Duration, future: impl Future<Output = T>) -> Option<T> {
        let mut sleep = self.sleep(length);
        let mut future = std::pin::pin!(future);
        std::future::poll_fn(move |cx| {
            if let Poll::Ready(value) = future.as_mut().poll(cx) {
                return Poll::Ready(Some(value));
            }
            Pin::new(&mut sleep).poll(cx).map(|()| None)
        })
        .await
    }

    /// Connects, as the host's settings say.
    pub async fn connect(&self, to: SocketAddr) -> Result<TcpStream, NetError> {
        self.connect_with(to, &ConnectOptions::default()).await
    }

    /// Connects.
    pub async fn connect_with(&self, to: SocketAddr, options: &ConnectOptions) -> Result<TcpStream, NetError> {
        let socket = {
            let mut stack = self.shared.stack.borrow_mut();
            let index = stack.open(to, options, Owner::Task, self.program)?;
            stack.socket_id(index)
        };
        let stream = TcpStream::new(self.shared.clone(), socket)?;
        std::future::poll_fn(|cx| stream.poll_connected(cx)).await?;
        Ok(stream)
    }

    /// Listens on a port of every address of the host.
    pub fn listen(&self, port: u16, backlog: usize) -> Result<TcpListener, NetError> {
        self.listen_with(port, ListenOptions::backlog(backlog))
    }

    /// Listens on a port of every address of the host.
    pub fn listen_with(&self, port: u16, options: ListenOptions) -> Result<TcpListener, NetError> {
        self.shared.stack.borrow_mut().listen(port, options, Owner::Task, self.program)?;
        Ok(TcpListener::new(self.shared.clone(), port))
    }

    /// Starts a task beside this one.
    pub fn spawn(&self, work: impl Future<Output = ()> + 'static) {
        self.shared.spawned.borrow_mut().push(Box::pin(work));
    }

    /// Says something about the program.
    pub fn note(&self, what: ProgramNote) {
        if let Some(program) = self.program {
            self.defer(Note::Program { program, what });
        }
    }

    /// A line of the access log of a service.
    pub fn request_note(&self, note: RequestNote) {
        self.defer(Note::Request(Box::new(note)));
    }

    /// A random stream of this host under a name of its own.
    pub fn rng(&self, name: &str) -> Rng {
        self.shared.stack.borrow().stream(name)
    }

    /// The host's first address of a family.
    pub fn address(&self, v4: bool) -> Option<IpAddr> {
        let stack = self.shared.stack.borrow();
        let mut addresses = stack.interfaces.iter().flat_map(|interface| &interface.addresses);
        addresses.find(|address| address.is_ipv4() == v4).copied()
    }

    fn defer(&self, note: Note) {
        let mut stack = self.shared.stack.borrow_mut();
        if stack.heard {
            stack.deferred.push_back(Deferred::Note(note));
        }
    }
}

/// Waits for an instant.
pub struct Sleep {
    shared: Rc<Shared>,
    at: SimTime,
    key: Option<TimerKey>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let mut stack = this.shared.stack.borrow_mut();
        if let Some(key) = this.key.take() {
            stack.timers.remove(&key);
        }
        if this.at <= stack.now {
            return Poll::Ready(());
        }
        this.key = Some(stack.timer(this.at, TimerTarget::Task(cx.waker().clone())));
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let (Some(key), Ok(mut stack)) = (self.key, self.shared.stack.try_borrow_mut()) {
            stack.timers.remove(&key);
        }
    }
}
