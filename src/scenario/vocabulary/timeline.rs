//! The keys of the timeline: when a step is due, who makes it, what may come of it.

use super::action::ACTIONS;
use super::form::*;
use super::host::LINK;
use crate::notation::shape::{Key, Kind, Shape, key, required, shape};

/// Keys that place a step in time.
pub(in crate::scenario) static AFTER: &[Key] = &[
    key("at", Kind::Duration, "Virtual time since the start of the world."),
    key("when", Kind::Shape(&WHEN), "The event that it waits for."),
    key("after", Kind::Duration, "How long after the event; with no event, how long after the step before."),
];

/// An event to wait for.
pub(in crate::scenario) static WHEN: Shape =
    shape("event", "An event of the run.", &[key("program", Kind::Text, "Whose event it is.")]).with_verbs(
        "an event",
        &[&[
            key("has-sent", Kind::Size, "The program has sent so many bytes of payload in all."),
            key("has-received", Kind::Size, "The program has received so many bytes of payload in all."),
            key("is-connected", Kind::Optional(&Kind::Bool), "The program's connection stands."),
            key("is-idle", Kind::Optional(&Kind::Bool), "The program is quiet on purpose."),
            key("is-retrying", Kind::Optional(&Kind::Bool), "The program tries again."),
            key("has-started", Kind::Optional(&Kind::Bool), "The program has begun."),
            key("has-ended", Kind::Optional(&Kind::Bool), "The program has ended, well or not."),
            key("step", Kind::Text, "The step of the timeline with this name has happened."),
        ]],
    );

/// A step of the timeline.
pub(in crate::scenario) static STEP: Shape = shape(
    "step",
    "A change on the running world: an EC2 action under its own name, or something that happens to the world.",
    &[
        key("step", Kind::Text, "A name for the step, which events and expectations can refer to."),
        key("as", Kind::Text, "The IAM user who asks; an administrator unless said otherwise."),
        IN_ERA,
        key("account", Kind::Text, "The account, by its name or number, if there are several."),
        key("region", Kind::Form(&REGION_NAME), "The region, if not the scenario's own."),
        key("dry-run", Kind::Bool, "Only asks whether it would be allowed."),
        key(
            "refused",
            Kind::Text,
            "The whole error code that EC2 is expected to answer; the world must not change then.",
        ),
        key("saying", Kind::Text, "A part of the error's message."),
        key(
            "answers",
            Kind::Free,
            "What a describe call is expected to answer: each key given here must be in the answer.",
        ),
        key(
            "answers-exactly",
            Kind::Free,
            "What a describe call is expected to answer, with nothing else in it: no other key, no other item.",
        ),
        key("rules", RULES, "The rules that the outcome of this step shows."),
        key("twin", Kind::Bool, "Whether it shows the rule's opposite."),
    ],
)
.with(&[AFTER])
.with_verbs("an action", &[ACTIONS, HAPPENINGS]);

/// What happens to the world without EC2.
static HAPPENINGS: &[Key] = &[
    key(
        "start-program",
        Kind::OneOrMany(&Kind::Text),
        "Starts programs that wait for it (`when: {step: …}` does too).",
    ),
    key("stop-program", Kind::OneOrMany(&Kind::Text), "Ends programs, as if their machine killed them."),
    key("change-link", Kind::Shape(&CHANGE_LINK), "Changes a link."),
    key(
        "describe-vpc-endpoints",
        Kind::Optional(&Kind::Free),
        "Asks for the endpoints; filters by name: `vpc-id: main`.",
    ),
    key("describe-vpc-endpoint-services", Kind::Optional(&Kind::Free), "Asks which services have endpoints."),
    key("describe-prefix-lists", Kind::Optional(&Kind::Free), "Asks for the prefix lists with their current ranges."),
    key("describe-route-tables", Kind::Optional(&Kind::Free), "Asks for the route tables."),
    key("describe-nat-gateways", Kind::Optional(&Kind::Free), "Asks for the NAT gateways."),
    key("describe-security-groups", Kind::Optional(&Kind::Free), "Asks for the security groups."),
    key("describe-network-acls", Kind::Optional(&Kind::Free), "Asks for the network ACLs."),
    key("describe-instances", Kind::Optional(&Kind::Free), "Asks for the instances."),
    key("describe-subnets", Kind::Optional(&Kind::Free), "Asks for the subnets."),
    key("describe-vpcs", Kind::Optional(&Kind::Free), "Asks for the VPCs."),
];

static CHANGE_LINK: Shape = shape(
    "link change",
    "New settings of a link; what is not given stays.",
    &[required(
        "of",
        Kind::Text,
        "Whose link: an instance, a host, a network on premises, `internet`, `s3` or `endpoint`.",
    )],
)
.with(&[LINK.keys, &[key("down", Kind::Bool, "Cuts the link, or joins it again.")]]);
