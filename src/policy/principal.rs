//! Who asks: users, sessions of roles, root users, services, nobody; and who a policy means. Decides nothing.

use std::fmt;
use std::sync::Arc;

use crate::base::AccountId;

/// Who makes a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// A request without a signature.
    Anonymous,
    /// An AWS service on its own behalf, by its name such as `logging.s3.amazonaws.com`.
    Service(Arc<str>),
    /// Somebody of an account. Cheap to clone.
    Known(Arc<Identity>),
}

/// Somebody of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    kind: IdentityKind,
    account: AccountId,
    name: Box<str>,
    arn: Box<str>,
    policy_arn: Box<str>,
    unique_id: Box<str>,
}

/// What somebody of an account is.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum IdentityKind {
    /// The account's root user, whom no identity policy limits.
    Root,
    /// An IAM user.
    User,
    /// A session of a role, such as an instance's.
    Session,
}

impl Principal {
    /// The root user of an account.
    pub fn root(account: &AccountId) -> Self {
        let arn = format!("arn:aws:iam::{account}:root");
        Self::known(IdentityKind::Root, account, "root", arn.clone(), arn, account.to_string())
    }

    /// The IAM user of a name, which may have a path before it: `alice`, `division/team/alice`.
    pub fn user(account: &AccountId, name: &str) -> Self {
        let path = name.trim_matches('/');
        let friendly = path.rsplit('/').next().unwrap_or(path);
        let arn = format!("arn:aws:iam::{account}:user/{path}");
        Self::known(IdentityKind::User, account, friendly, arn.clone(), arn, unique_id("AIDA", account, path))
    }

    /// A session of a role; an instance's session has the instance's id as its name.
    pub fn session(account: &AccountId, role: &str, session: &str) -> Self {
        let path = role.trim_matches('/');
        let friendly = path.rsplit('/').next().unwrap_or(path);
        let arn = format!("arn:aws:sts::{account}:assumed-role/{friendly}/{session}");
        let role_arn = format!("arn:aws:iam::{account}:role/{path}");
        let id = format!("{}:{session}", unique_id("AROA", account, path));
        Self::known(IdentityKind::Session, account, friendly, arn, role_arn, id)
    }

    fn known(
        kind: IdentityKind,
        account: &AccountId,
        name: &str,
        arn: String,
        policy_arn: String,
        unique_id: String,
    ) -> Self {
        Self::Known(Arc::new(Identity {
            kind,
            account: account.clone(),
            name: name.into(),
            arn: arn.into(),
            policy_arn: policy_arn.into(),
            unique_id: unique_id.into(),
        }))
    }

    /// Who it is, if it is somebody of an account.
    pub fn identity(&self) -> Option<&Identity> {
        if let Self::Known(identity) = self { Some(identity) } else { None }
    }

    /// Its account, if it has one.
    pub fn account(&self) -> Option<&AccountId> {
        self.identity().map(Identity::account)
    }

    /// The value of `aws:PrincipalType`; a service has none.
    pub fn type_name(&self) -> Option<&'static str> {
        match self {
            Self::Anonymous => Some("Anonymous"),
            Self::Service(_) => None,
            Self::Known(identity) => Some(match identity.kind {
                IdentityKind::Root => "Account",
                IdentityKind::User => "User",
                IdentityKind::Session => "AssumedRole",
            }),
        }
    }
}

impl Identity {
    /// What it is.
    pub fn kind(&self) -> IdentityKind {
        self.kind
    }

    /// Its account.
    pub fn account(&self) -> &AccountId {
        &self.account
    }

    /// The name of the user or of the role, without its path; `root` for the root user.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its ARN, as answers and logs show it: for a session, the session's.
    pub fn arn(&self) -> &str {
        &self.arn
    }

    /// The ARN that policies name it by (`aws:PrincipalArn`): for a session, that of its role.
    pub fn policy_arn(&self) -> &str {
        &self.policy_arn
    }

    /// The value of `aws:userid`.
    pub fn unique_id(&self) -> &str {
        &self.unique_id
    }
}

/// For people: `user alice`, `a session of role app`, `the root user of 111122223333`, `anonymous`.
impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anonymous => f.write_str("an anonymous caller"),
            Self::Service(name) => write!(f, "service {name}"),
            Self::Known(identity) => match identity.kind {
                IdentityKind::Root => write!(f, "the root user of {}", identity.account),
                IdentityKind::User => write!(f, "user {}", identity.name),
                IdentityKind::Session => write!(f, "a session of role {}", identity.name),
            },
        }
    }
}

/// The canonical user id of an account: made from its number, always the same.
pub fn canonical_user_id(account: &AccountId) -> String {
    let lanes = (0..4).map(|lane: u8| format!("{:016x}", fnv(account.as_str().bytes().chain([lane]))));
    lanes.collect()
}

/// Ids as IAM makes them: a prefix for the kind and 17 capital letters and digits.
fn unique_id(prefix: &str, account: &AccountId, path: &str) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let name = || prefix.bytes().chain(account.as_str().bytes()).chain(path.bytes());
    let bits = (u128::from(fnv(name())) << 64) | u128::from(fnv(name().chain([0])));
    let tail = (0..17).map(|index| char::from(ALPHABET[(bits >> (index * 5)) as usize & 31]));
    prefix.chars().chain(tail).collect()
}

/// FNV-1a, with a last mixing so that single trailing bytes reach all bits.
fn fnv(bytes: impl Iterator<Item = u8>) -> u64 {
    let hash = bytes
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    let hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash ^ (hash >> 33)
}

/// How well a statement's principals fit who asks.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fit {
    /// Not at all.
    None,
    /// By its account only: what the statement allows is the account's to hand on, by an identity policy.
    Delegated,
    /// By itself.
    Direct,
}

/// The Principal or NotPrincipal element of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PrincipalElement {
    pub(crate) not: bool,
    pub(crate) who: Vec<Who>,
}

/// One value of a Principal element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// `*`, anonymous callers included.
    Everyone,
    /// An account by its number or its `:root` ARN: all of its users, roles and sessions.
    Account(AccountId),
    /// A user, a role with all of its sessions, or one session.
    Arn(Box<str>),
    /// A unique id such as `AIDA…`.
    UniqueId(Box<str>),
    /// A service by its name.
    Service(Box<str>),
    /// An account by its canonical user id.
    CanonicalUser(Box<str>),
    /// An identity provider; nobody in a world is federated, so it fits no one.
    Federated(Box<str>),
}

impl PrincipalElement {
    /// How well who asks fits. `account_is_root`: an account stands for its root user alone (facts.md E34).
    pub(crate) fn fit(&self, principal: &Principal, account_is_root: bool) -> Fit {
        let best = self.who.iter().map(|who| who.fit(principal, account_is_root)).max().unwrap_or(Fit::None);
        match (self.not, best) {
            (false, fit) => fit,
            (true, Fit::None) => Fit::Direct,
            (true, Fit::Delegated | Fit::Direct) => Fit::None,
        }
    }
}

impl Who {
    /// Somebody who is meant, where the value tells one.
    pub(crate) fn example(&self) -> Option<Principal> {
        match self {
            Self::Account(account) => Some(Principal::root(account)),
            Self::Arn(arn) => {
                let mut parts = arn.splitn(6, ':').skip(4);
                let account = AccountId::parse(parts.next()?)?;
                let (kind, name) = parts.next()?.split_once('/')?;
                match kind {
                    "user" => Some(Principal::user(&account, name)),
                    "role" => Some(Principal::session(&account, name, "any")),
                    "assumed-role" => {
                        let (role, session) = name.split_once('/')?;
                        Some(Principal::session(&account, role, session))
                    }
                    _ => None,
                }
            }
            Self::Everyone | Self::UniqueId(_) | Self::Service(_) | Self::CanonicalUser(_) | Self::Federated(_) => None,
        }
    }

    fn fit(&self, principal: &Principal, account_is_root: bool) -> Fit {
        let account = |same: bool, identity: &Identity| match (same, identity.kind) {
            (false, _) => Fit::None,
            (true, IdentityKind::Root) => Fit::Direct,
            (true, IdentityKind::User | IdentityKind::Session) if account_is_root => Fit::None,
            (true, IdentityKind::User | IdentityKind::Session) => Fit::Delegated,
        };
        let direct = |fits: bool| if fits { Fit::Direct } else { Fit::None };
        match (self, principal) {
            (Self::Everyone, _) => Fit::Direct,
            (Self::Service(name), Principal::Service(service)) => direct(**name == **service),
            (Self::Account(number), Principal::Known(identity)) => account(*number == identity.account, identity),
            (Self::CanonicalUser(id), Principal::Known(identity)) => {
                account(**id == *canonical_user_id(&identity.account), identity)
            }
            (Self::Arn(arn), Principal::Known(identity)) => {
                direct(**arn == *identity.arn || **arn == *identity.policy_arn)
            }
            (Self::UniqueId(id), Principal::Known(identity)) => {
                direct(identity.unique_id.split(':').next() == Some(id))
            }
            (
                Self::Federated(_)
                | Self::Service(_)
                | Self::Account(_)
                | Self::CanonicalUser(_)
                | Self::Arn(_)
                | Self::UniqueId(_),
                _,
            ) => Fit::None,
        }
    }
}

/// As it would be written in a policy.
impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everyone => f.write_str("everyone"),
            Self::Account(number) => write!(f, "account {number}"),
            Self::Arn(text) | Self::UniqueId(text) | Self::CanonicalUser(text) => f.write_str(text),
            Self::Service(name) => write!(f, "service {name}"),
            Self::Federated(name) => write!(f, "federated users of {name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(text: &str) -> AccountId {
        AccountId::parse(text).expect("twelve digits")
    }

    #[test]
    fn arns_are_those_of_iam() {
        let ours = account("111122223333");
        let arns = |principal: Principal| {
            let identity = principal.identity().expect("somebody").clone();
            (identity.arn().to_owned(), identity.policy_arn().to_owned(), identity.name().to_owned())
        };
        let user = "arn:aws:iam::111122223333:user/team/alice";
        assert_eq!(arns(Principal::user(&ours, "team/alice")), (user.to_owned(), user.to_owned(), "alice".to_owned()));
        let session = "arn:aws:sts::111122223333:assumed-role/app/i-1".to_owned();
        let role = "arn:aws:iam::111122223333:role/service/app".to_owned();
        assert_eq!(arns(Principal::session(&ours, "service/app", "i-1")), (session, role, "app".to_owned()));
    }

    #[test]
    fn ids_differ_by_account_and_name() {
        let (a, b) = (account("111122223333"), account("444455556666"));
        let id = |account, name| Principal::user(account, name).identity().expect("a user").unique_id().to_owned();
        assert_eq!(id(&a, "alice"), id(&a, "alice"));
        assert_eq!(id(&a, "alice").len(), 21);
        assert_ne!(id(&a, "alice"), id(&a, "bob"));
        assert_ne!(id(&a, "alice"), id(&b, "alice"));
        assert_ne!(canonical_user_id(&a), canonical_user_id(&b));
        assert_eq!(canonical_user_id(&a).len(), 64);
    }

    #[test]
    fn an_account_stands_for_its_users_only_by_delegation() {
        let (ours, theirs) = (account("111122223333"), account("444455556666"));
        let who = Who::Account(ours.clone());
        assert_eq!(who.fit(&Principal::root(&ours), false), Fit::Direct);
        assert_eq!(who.fit(&Principal::user(&ours, "alice"), false), Fit::Delegated);
        assert_eq!(who.fit(&Principal::user(&ours, "alice"), true), Fit::None);
        assert_eq!(who.fit(&Principal::user(&theirs, "alice"), false), Fit::None);
        assert_eq!(who.fit(&Principal::Anonymous, false), Fit::None);
    }
}
