//! S3's front end on a machine. Knows no object.

use std::rc::Rc;

use super::connection::serve;
use super::front::S3Front;
use crate::host::{Net, NetError};
use crate::service::listen::{self, Carriers};

/// Accepts connections on both ports for ever, each served by a task of its own.
pub fn listen(net: &Net, front: &Rc<S3Front>, carriers: &Carriers) -> Result<(), NetError> {
    let front = Rc::clone(front);
    listen::listen(net, carriers, move |stream, peer, around| {
        let front = Rc::clone(&front);
        Box::pin(async move {
            // How the connection ended is told by its host's own notes.
            let _ = serve(stream, &front, peer, around).await;
        })
    })
}
