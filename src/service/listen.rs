//! The front end of a service on a machine: connections are accepted on both ports and served until they end. Knows no
//! service.

use std::rc::Rc;

use super::access::{Peer, Through};
use super::around::{Around, Wait};
use crate::base::SimTime;
use crate::host::{Carrier, Net, NetError, TcpStream};
use crate::trace::RequestNote;

/// The ports that services of AWS answer on, in clear on both (decisions.md, S3).
const PORTS: [u16; 2] = [80, 443];
/// Connections that may wait to be accepted; a front end of AWS is never short of them.
const BACKLOG: usize = 65_535;

/// Which endpoint a carrier is; `None` for the internet.
pub type Carriers = Rc<dyn Fn(Carrier) -> Option<Through>>;

/// Accepts connections on both ports for ever; each is served by `serve` in a task of its own.
pub(super) fn listen(
    net: &Net,
    carriers: &Carriers,
    serve: impl Fn(TcpStream, Peer, Rc<dyn Around>) -> Wait + Clone + 'static,
) -> Result<(), NetError> {
    for port in PORTS {
        let listener = net.listen(port, BACKLOG)?;
        let (net, serve, carriers) = (net.clone(), serve.clone(), Rc::clone(carriers));
        net.clone().spawn(async move {
            while let Ok(stream) = listener.accept().await {
                let (connection, source) = (Some(stream.id()), stream.peer());
                let peer = Peer { connection, source, through: carriers(stream.carrier()), port };
                net.spawn(serve(stream, peer, Rc::new(net.clone())));
            }
        });
    }
    Ok(())
}

impl Around for Net {
    fn now(&self) -> SimTime {
        Self::now(self)
    }

    fn wait_until(&self, at: SimTime) -> Wait {
        Box::pin(self.sleep_until(at))
    }

    fn log(&self, note: RequestNote) {
        self.request_note(note);
    }
}
