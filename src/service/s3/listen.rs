//! S3's front end on a machine: connections are accepted on both ports and served until they end. Knows no object.

use std::rc::Rc;

use super::connection::serve;
use super::front::S3Front;
use crate::host::{Carrier, Net, NetError};
use crate::service::access::{Peer, Through};
use crate::service::around::{Around, Wait};
use crate::trace::RequestNote;

/// The ports that S3 answers on, in clear on both (decisions.md, S3).
pub const PORTS: [u16; 2] = [80, 443];
/// Connections that may wait to be accepted; a front end of AWS is never short of them.
const BACKLOG: usize = 65_535;

/// Which endpoint a carrier is; `None` for the internet.
pub type Carriers = Rc<dyn Fn(Carrier) -> Option<Through>>;

/// Accepts connections on both ports for ever, each served by a task of its own.
pub fn listen(net: &Net, front: &Rc<S3Front>, carriers: &Carriers) -> Result<(), NetError> {
    for port in PORTS {
        let listener = net.listen(port, BACKLOG)?;
        let (net, front, carriers) = (net.clone(), Rc::clone(front), Rc::clone(carriers));
        net.clone().spawn(async move {
            while let Ok(stream) = listener.accept().await {
                let (connection, source) = (Some(stream.id()), stream.peer());
                let peer = Peer { connection, source, through: carriers(stream.carrier()), port };
                let (around, front) = (Rc::new(net.clone()), Rc::clone(&front));
                net.spawn(async move {
                    // How the connection ended is told by its host's own notes.
                    let _ = serve(stream, &front, peer, around).await;
                });
            }
        });
    }
    Ok(())
}

impl Around for Net {
    fn now(&self) -> crate::base::SimTime {
        Self::now(self)
    }

    fn wait_until(&self, at: crate::base::SimTime) -> Wait {
        Box::pin(self.sleep_until(at))
    }

    fn log(&self, note: RequestNote) {
        self.request_note(note);
    }
}
