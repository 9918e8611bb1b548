//! What programs heard: echoes, hops, and the addresses of names.

use std::net::IpAddr;
use std::time::Duration;

use super::bench::{Bench, Seen, seen};
use crate::base::{Cidr, show_duration};
use crate::scenario::expectation::Window;
use crate::scenario::watch::ProgramFacts;

impl Bench<'_> {
    pub(super) fn hears(
        &self,
        facts: &ProgramFacts,
        replies: Option<u32>,
        ttl: Option<u8>,
        from: Option<&str>,
        hops: Option<&[String]>,
        round_trip: Option<Duration>,
    ) -> Seen {
        let heard: Vec<_> = facts.replies.iter().filter(|reply| hops.is_some() || !reply.error).collect();
        let text: Vec<String> = heard
            .iter()
            .map(|reply| {
                let who = self.directory.address(reply.from);
                format!("{} from {who} ttl {} after {}", reply.sequence, reply.ttl, show_duration(reply.after))
            })
            .collect();
        let text = if text.is_empty() { self.story(facts) } else { text.join("; ") };
        let named = |address: IpAddr, name: &str| {
            address.to_string() == name || self.directory.addresses.get(&address).is_some_and(|known| known == name)
        };
        let fine = replies.is_none_or(|count| count as usize == heard.len())
            && ttl.is_none_or(|ttl| !heard.is_empty() && heard.iter().all(|reply| reply.ttl == ttl))
            && from.is_none_or(|name| !heard.is_empty() && heard.iter().all(|reply| named(reply.from, name)))
            && round_trip.is_none_or(|most| heard.iter().all(|reply| reply.after <= most))
            && hops.is_none_or(|hops| {
                hops.iter().enumerate().all(|(index, name)| {
                    let hop = heard.iter().find(|reply| usize::from(reply.sequence) == index + 1);
                    match (hop, name.as_str()) {
                        (None, "*") => true,
                        (Some(hop), name) => named(hop.from, name),
                        (None, _) => false,
                    }
                })
            });
        seen(fine, text)
    }

    pub(super) fn resolves(&self, facts: &ProgramFacts, to: Option<&[String]>, window: &Window) -> Seen {
        let (from, until) = self.span(window);
        let found: Vec<_> = facts.resolved.iter().filter(|(at, ..)| from <= *at && *at <= until).collect();
        let Some((_, name, addresses)) = found.last() else {
            return match to {
                Some([]) => Ok(self.story(facts)),
                _ => Err(self.story(facts)),
            };
        };
        let list: Vec<String> = addresses.iter().map(ToString::to_string).collect();
        let text = format!("{name} is {}", if list.is_empty() { "nothing".to_owned() } else { list.join(", ") });
        let holds = |address: &IpAddr, wanted: &str| {
            wanted == address.to_string()
                || Cidr::parse(wanted).is_ok_and(|block| block.contains(*address))
                || self.service_holds(wanted, *address)
        };
        let fine = match to {
            None => !addresses.is_empty(),
            Some([]) => addresses.is_empty(),
            Some(wanted) => {
                !addresses.is_empty() && addresses.iter().all(|address| wanted.iter().any(|w| holds(address, w)))
            }
        };
        seen(fine, text)
    }

    fn service_holds(&self, name: &str, address: IpAddr) -> bool {
        self.ids.get(&format!("ranges of {name}")).is_some_and(|blocks| {
            blocks.iter().any(|block| Cidr::parse(block).is_ok_and(|block| block.contains(address)))
        })
    }
}
