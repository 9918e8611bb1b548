//! Which requests the change denies, of a few that stand for many.

use std::collections::BTreeSet;

use super::page::{LINES_MAX, WhatIfPage, more};
use crate::analysis::DeniedRequest;
use crate::report::words::counted;

impl WhatIfPage<'_> {
    pub(super) fn requests(&self) -> Vec<String> {
        let requests = &self.result.requests;
        if requests.asked == 0 {
            return Vec::new();
        }
        let asked = counted(requests.asked as u64, "request");
        let mut lines = vec![String::new(), format!("requests: {asked} that stand for many, judged by the policies")];
        if !requests.organizations.is_empty() {
            let ids: Vec<&str> = requests.organizations.iter().map(String::as_str).collect();
            lines.push(format!("  whoever asks is taken to be of {}, which the policies name", ids.join(", ")));
        }
        if requests.cut_short {
            lines.push("  more were left out: there are too many".to_owned());
        }
        let denied = self.denied_kinds();
        if denied.is_empty() {
            lines.push("  none of them is denied by the change".to_owned());
            return lines;
        }
        lines.push("  denied by the change".to_owned());
        for one in denied.iter().take(LINES_MAX) {
            let DeniedRequest { action, resource, who, way, why } = one;
            lines.push(format!("    ✗ {action} on {resource} by {who}, through {}", self.result.labels.full(way)));
            lines.push(format!("        {why}"));
        }
        lines.extend(more(denied.len()));
        lines
    }

    /// The denied requests; where anybody is denied, nobody else is listed.
    pub(super) fn denied_kinds(&self) -> Vec<&DeniedRequest> {
        let denied = &self.result.requests.denied;
        let key = |one: &DeniedRequest| (one.action.clone(), one.resource.clone(), one.way.clone());
        let anybody: BTreeSet<_> = denied.iter().filter(|one| one.who.starts_with("anybody")).map(key).collect();
        denied.iter().filter(|one| one.who.starts_with("anybody") || !anybody.contains(&key(one))).collect()
    }
}
