//! One request as policies see it: who, what, on what, and the values of condition keys. Judges nothing.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::key::ConditionKey;
use super::principal::{IdentityKind, Principal};
use crate::base::{AccountId, Era};

/// The value of a condition key in a request.
#[derive(Clone, Debug, PartialEq)]
pub enum KeyValue {
    /// A text; bytes stand in base64.
    Text(Arc<str>),
    /// A number.
    Number(i64),
    /// A truth value.
    Truth(bool),
    /// An instant.
    Time(OffsetDateTime),
    /// An address.
    Address(IpAddr),
    /// Several texts; a list without any is as good as an absent key.
    List(Vec<String>),
}

impl KeyValue {
    /// The text of a single value; `None` for a list.
    pub fn single_text(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::Text(text) => Cow::Borrowed(text),
            Self::Number(number) => Cow::Owned(number.to_string()),
            Self::Truth(truth) => Cow::Borrowed(if *truth { "true" } else { "false" }),
            Self::Time(at) => Cow::Owned(rfc3339(*at)),
            Self::Address(address) => Cow::Owned(address.to_string()),
            Self::List(_) => return None,
        })
    }

    /// For people: the value, or the values of a list with commas.
    pub fn shown(&self) -> String {
        match self {
            Self::List(texts) => texts.join(", "),
            single => single.single_text().map_or_else(String::new, Cow::into_owned),
        }
    }
}

impl From<&str> for KeyValue {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

fn rfc3339(at: OffsetDateTime) -> String {
    at.replace_nanosecond(0).unwrap_or(at).format(&Rfc3339).unwrap_or_else(|_| at.unix_timestamp().to_string())
}

/// By which way a request came, as far as condition keys tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// Not said.
    Unknown,
    /// From a public address.
    Public(IpAddr),
    /// Through an endpoint, from a private address.
    Endpoint {
        /// The endpoint's id.
        endpoint: Arc<str>,
        /// The id of its VPC.
        vpc: Arc<str>,
    },
}

/// One request.
#[derive(Clone, Debug, PartialEq)]
pub struct RequestContext {
    era: Era,
    principal: Principal,
    action: Arc<str>,
    folded_action: Box<str>,
    resource: Arc<str>,
    owner: Option<AccountId>,
    way: Way,
    keys: Vec<(ConditionKey, KeyValue)>,
}

impl RequestContext {
    /// A request to do `action` (`s3:GetObject`) on the resource of an ARN (`arn:aws:s3:::bucket/key`, or `*`) that
    /// belongs to the account `owner`. The keys about the principal are set.
    pub fn new(
        era: Era,
        principal: Principal,
        action: impl Into<Arc<str>>,
        resource: impl Into<Arc<str>>,
        owner: &AccountId,
    ) -> Self {
        Self::build(era, principal, action.into(), resource.into(), Some(owner.clone()))
    }

    fn build(era: Era, who: Principal, action: Arc<str>, resource: Arc<str>, owner: Option<AccountId>) -> Self {
        let folded_action = action.to_lowercase().into();
        let mut request =
            Self { era, principal: who, action, folded_action, resource, owner, way: Way::Unknown, keys: Vec::new() };
        if let Some(name) = request.principal.type_name() {
            request.set(ConditionKey::PrincipalType, name.into());
        }
        match request.principal.clone() {
            Principal::Anonymous => request.set(ConditionKey::UserId, "anonymous".into()),
            Principal::Service(_) => {}
            Principal::Known(identity) => {
                request.set(ConditionKey::UserId, identity.unique_id().into());
                request.set(ConditionKey::PrincipalArn, identity.policy_arn().into());
                request.set(ConditionKey::PrincipalAccount, identity.account().as_str().into());
                if identity.kind() == IdentityKind::User {
                    request.set(ConditionKey::Username, identity.name().into());
                }
            }
        }
        if let Some(owner) = request.owner.clone() {
            request.set(ConditionKey::ResourceAccount, owner.as_str().into());
            request.set(ConditionKey::S3ResourceAccount, owner.as_str().into());
        }
        request
    }

    /// Sets a key that the request's era has; a later key stays absent.
    pub fn set(&mut self, key: ConditionKey, value: KeyValue) {
        let exists = key.since().is_none_or(|since| since <= self.era);
        match self.keys.iter_mut().find(|(known, _)| *known == key) {
            Some((_, old)) => *old = value,
            None if exists => self.keys.push((key, value)),
            None => {}
        }
    }

    /// With one more key.
    #[must_use]
    pub fn with(mut self, key: ConditionKey, value: KeyValue) -> Self {
        self.set(key, value);
        self
    }

    /// Made at an instant: `aws:CurrentTime` and `aws:EpochTime`.
    #[must_use]
    pub fn at(self, date: OffsetDateTime) -> Self {
        self.with(ConditionKey::CurrentTime, KeyValue::Time(date))
            .with(ConditionKey::EpochTime, KeyValue::Number(date.unix_timestamp()))
    }

    /// Come from a public address: `aws:SourceIp`.
    #[must_use]
    pub fn from_address(mut self, address: IpAddr) -> Self {
        self.way = Way::Public(address);
        self.with(ConditionKey::SourceIp, KeyValue::Address(address))
    }

    /// Come through an endpoint: `aws:SourceVpce`, `aws:SourceVpc`, today `aws:VpcSourceIp`, and no `aws:SourceIp`
    /// (facts.md B14–B16).
    #[must_use]
    pub fn through_endpoint(mut self, endpoint: &str, vpc: &str, private: IpAddr) -> Self {
        self.way = Way::Endpoint { endpoint: endpoint.into(), vpc: vpc.into() };
        self.keys.retain(|(key, _)| *key != ConditionKey::SourceIp);
        self.with(ConditionKey::SourceVpce, endpoint.into())
            .with(ConditionKey::SourceVpc, vpc.into())
            .with(ConditionKey::VpcSourceIp, KeyValue::Address(private))
    }

    /// Over TLS or not: `aws:SecureTransport`.
    #[must_use]
    pub fn secure_transport(self, secure: bool) -> Self {
        self.with(ConditionKey::SecureTransport, KeyValue::Truth(secure))
    }

    /// Made to a region: today `aws:RequestedRegion`.
    #[must_use]
    pub fn to_region(self, region: &str) -> Self {
        self.with(ConditionKey::RequestedRegion, region.into())
    }

    /// The era whose keys it has.
    pub fn era(&self) -> Era {
        self.era
    }

    /// Who asks.
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// What is asked: `s3:GetObject`.
    pub fn action(&self) -> &Arc<str> {
        &self.action
    }

    /// The ARN of the resource, or `*`.
    pub fn resource(&self) -> &Arc<str> {
        &self.resource
    }

    /// The account that owns the resource.
    pub fn owner(&self) -> Option<&AccountId> {
        self.owner.as_ref()
    }

    /// By which way it came.
    pub fn way(&self) -> &Way {
        &self.way
    }

    /// The value of a key; `None` if it is absent.
    pub fn value(&self, key: &ConditionKey) -> Option<&KeyValue> {
        self.keys.iter().find(|(known, _)| known == key).map(|(_, value)| value)
    }

    pub(crate) fn folded_action(&self) -> &str {
        &self.folded_action
    }

    /// The same request on another resource.
    pub(crate) fn on(&self, resource: &str) -> Self {
        Self { resource: resource.into(), ..self.clone() }
    }

    /// A request for patterns that have no variables and look at nothing of it.
    pub(crate) fn for_patterns() -> Self {
        Self::build(Era::Y2017, Principal::Anonymous, "".into(), "".into(), None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(era: Era, principal: Principal) -> RequestContext {
        let owner = AccountId::parse("111122223333").expect("twelve digits");
        RequestContext::new(era, principal, "s3:GetObject", "arn:aws:s3:::b/k", &owner)
    }

    fn shown(request: &RequestContext, key: ConditionKey) -> Option<String> {
        request.value(&key).map(KeyValue::shown)
    }

    #[test]
    fn an_endpoint_takes_the_source_address_away_and_the_internet_gives_no_endpoint() {
        let private = "10.0.0.5".parse().expect("an address");
        let public = "198.51.100.7".parse().expect("an address");
        for era in Era::ALL {
            let through = request(era, Principal::Anonymous).from_address(public);
            let through = through.through_endpoint("vpce-1", "vpc-1", private);
            assert_eq!(shown(&through, ConditionKey::SourceIp), None);
            assert_eq!(shown(&through, ConditionKey::SourceVpce).as_deref(), Some("vpce-1"));
            assert_eq!(shown(&through, ConditionKey::SourceVpc).as_deref(), Some("vpc-1"));
            let direct = request(era, Principal::Anonymous).from_address(public);
            assert_eq!(shown(&direct, ConditionKey::SourceIp).as_deref(), Some("198.51.100.7"));
            assert_eq!(shown(&direct, ConditionKey::SourceVpce), None);
        }
    }

    #[test]
    fn later_keys_are_absent_in_the_documents_time() {
        let ours = AccountId::parse("111122223333").expect("twelve digits");
        let private = "10.0.0.5".parse().expect("an address");
        for (era, present) in [(Era::Y2017, false), (Era::Current, true)] {
            let request = request(era, Principal::user(&ours, "alice")).through_endpoint("vpce-1", "vpc-1", private);
            for key in [ConditionKey::VpcSourceIp, ConditionKey::PrincipalArn, ConditionKey::PrincipalAccount] {
                assert_eq!(request.value(&key).is_some(), present, "{key} in {era}");
            }
            assert_eq!(shown(&request, ConditionKey::Username).as_deref(), Some("alice"));
        }
    }

    #[test]
    fn only_users_have_a_user_name() {
        let ours = AccountId::parse("111122223333").expect("twelve digits");
        for principal in [Principal::Anonymous, Principal::root(&ours), Principal::session(&ours, "app", "i-1")] {
            assert_eq!(shown(&request(Era::Current, principal), ConditionKey::Username), None);
        }
    }
}
