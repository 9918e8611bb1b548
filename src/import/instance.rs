//! Instances as answers tell them. Which interfaces they have is told by the interfaces.

use super::gateway::Presence;
use super::keys;
use super::ledger::{Ledger, Place};
use super::reader::Item;
use crate::base::*;
use crate::control_plane::InstanceState;

/// What `describe-instances` says of one instance.
#[derive(Clone, Debug)]
pub(crate) struct InstanceDraft {
    pub(crate) id: InstanceId,
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) vpc_id: VpcId,
    pub(crate) subnet_id: SubnetId,
    pub(crate) instance_type: String,
    pub(crate) state: InstanceState,
}

/// The instances of a reservation, each with the place where it stands and the maps of its interfaces.
pub(crate) fn reservation<'a>(
    item: Item<'a>,
    ledger: &mut Ledger,
) -> Vec<(Place, Presence<InstanceDraft>, Vec<Item<'a>>)> {
    item.known_keys("Reservation", keys::RESERVATION, ledger);
    let instances = item.items("Instances", ledger);
    let read = instances.into_iter().filter_map(|item| {
        let instance = instance(item, ledger)?;
        let interfaces = match &instance {
            Presence::Here(_) => item.items("NetworkInterfaces", ledger),
            Presence::Gone(..) => Vec::new(),
        };
        Some((item.place(), instance, interfaces))
    });
    read.collect()
}

fn instance(item: Item<'_>, ledger: &mut Ledger) -> Option<Presence<InstanceDraft>> {
    item.known_keys("Instance", keys::INSTANCE, ledger);
    let id: Option<InstanceId> = item.need_id("InstanceId", ledger);
    let state = match item.item("State", ledger).and_then(|state| state.need_text("Name", ledger)) {
        Some("running" | "pending") => InstanceState::Running,
        Some("stopped" | "stopping") => InstanceState::Stopped,
        Some(state @ ("terminated" | "shutting-down")) => {
            return Some(Presence::Gone(id?.to_string(), state.to_owned()));
        }
        Some(other) => {
            ledger.error(item.place_of("State"), format!("`{other}` is not a state of an instance"));
            return None;
        }
        None => {
            if item.get("State").is_none() {
                ledger.error(item.place(), "`State` is missing");
            }
            return None;
        }
    };
    if !item.has("VpcId") {
        return Some(Presence::Gone(id?.to_string(), "in EC2-Classic".to_owned()));
    }
    let vpc_id = item.need_refer("VpcId", ledger);
    let subnet_id = item.need_refer("SubnetId", ledger);
    Some(Presence::Here(InstanceDraft {
        tags: item.tags(ledger),
        instance_type: item.text("InstanceType", ledger).unwrap_or_default().to_owned(),
        state,
        id: id?,
        vpc_id: vpc_id?,
        subnet_id: subnet_id?,
    }))
}
