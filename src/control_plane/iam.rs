//! IAM users and roles with their policies, and who may make which call. Judges by `policy`, knows no request to S3.

use std::collections::BTreeMap;

use super::*;
use crate::base::*;
use crate::notation::Source;
use crate::policy::{
    Attached, ConditionKey, Decision, DocumentKind, KeyValue, PolicyDocument, Principal, RequestContext, ec2,
    invalid_policy_message,
};

/// An IAM user.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct IamUser {
    /// The user's name.
    pub name: String,
    /// The secret of each access key, by the key's id.
    pub access_keys: BTreeMap<String, String>,
    /// The user's policies by name.
    pub policies: BTreeMap<String, PolicyDocument>,
}

/// A role that instances act as.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct IamRole {
    /// Its name.
    pub name: String,
    /// Its policies by name.
    pub policies: BTreeMap<String, PolicyDocument>,
}

impl IamUser {
    /// The user's policies as evaluation takes them.
    pub fn attached(&self) -> Vec<Attached> {
        self.policies.iter().map(|(name, document)| Attached::user(&self.name, name, document.clone())).collect()
    }
}

impl IamRole {
    /// The role's policies as evaluation takes them.
    pub fn attached(&self) -> Vec<Attached> {
        self.policies.iter().map(|(name, document)| Attached::role(&self.name, name, document.clone())).collect()
    }
}

action_struct! {
    /// Adds or replaces a policy of a user.
    PutUserPolicy(
        /// The user.
        user_name: String,
        /// The policy's name.
        policy_name: String,
        /// The policy as JSON.
        policy_document: String,
    ) {}
}

action_struct! {
    /// Removes a policy of a user.
    DeleteUserPolicy(
        /// The user.
        user_name: String,
        /// The policy's name.
        policy_name: String,
    ) {}
}

action_struct! {
    /// Adds or replaces a policy of a role.
    PutRolePolicy(
        /// The role.
        role_name: String,
        /// The policy's name.
        policy_name: String,
        /// The policy as JSON.
        policy_document: String,
    ) {}
}

impl Perform for PutUserPolicy {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        need_user(cx, &self.user_name)?;
        let document = identity_policy(cx, &self.policy_document)?;
        let user = cx.account_mut().users.get_mut(&self.user_name).expect("looked up above");
        user.policies.insert(self.policy_name.clone(), document);
        cx.touch(Touch::User(self.user_name.clone()));
        Ok(())
    }
}

impl Perform for DeleteUserPolicy {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        if !need_user(cx, &self.user_name)?.policies.contains_key(&self.policy_name) {
            let text = format!("The user policy with name {} cannot be found.", self.policy_name);
            return Err(ControlError::new(ErrorCode::NoSuchEntity, text));
        }
        let user = cx.account_mut().users.get_mut(&self.user_name).expect("looked up above");
        user.policies.remove(&self.policy_name);
        cx.touch(Touch::User(self.user_name.clone()));
        Ok(())
    }
}

impl Perform for PutRolePolicy {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        if !cx.account_mut().roles.contains_key(&self.role_name) {
            let text = format!("The role with name {} cannot be found.", self.role_name);
            return Err(ControlError::new(ErrorCode::NoSuchEntity, text));
        }
        let document = identity_policy(cx, &self.policy_document)?;
        let role = cx.account_mut().roles.get_mut(&self.role_name).expect("looked up above");
        role.policies.insert(self.policy_name.clone(), document);
        cx.touch(Touch::User(self.role_name.clone()));
        Ok(())
    }
}

impl World {
    /// Whether the caller may make the call; `UnauthorizedOperation` if not. The reasons stand in `more`.
    pub(super) fn authorize(&self, call: &Call, action: &Action, at: SimTime) -> Result<(), ControlError> {
        if call.caller == Caller::Administrator {
            return Ok(());
        }
        if let Action::DeleteVpcEndpoints(delete) = action
            && let [_, _, ..] = delete.vpc_endpoint_ids.as_slice()
        {
            // Each endpoint has a service of its own, so each is judged by itself; one denial refuses the call.
            let one = |id: &VpcEndpointId| DeleteVpcEndpoints::new(vec![id.clone()]).into();
            let mut each = delete.vpc_endpoint_ids.iter().map(one);
            return each.try_for_each(|one| self.authorize(call, &one, at));
        }
        let named = action.resource_arns(&call.scope);
        // Later keys tell the service that an endpoint is for (facts Q11).
        let keys = self
            .endpoint_service(&call.scope, action)
            .map(|service| (ConditionKey::Ec2VpceServiceName, KeyValue::from(service.to_string().as_str())));
        self.authorize_call(call, &action.iam_name(), &named, keys.as_slice(), at)
    }

    /// The service of the one endpoint that a call is about.
    fn endpoint_service(&self, scope: &Scope, action: &Action) -> Option<ServiceName> {
        let id = match action {
            Action::CreateVpcEndpoint(create) => return Some(create.service_name.clone()),
            Action::ModifyVpcEndpoint(modify) => &modify.vpc_endpoint_id,
            Action::DeleteVpcEndpoints(delete) => delete.vpc_endpoint_ids.first()?,
            _ => return None,
        };
        Some(self.region(scope)?.vpc_endpoints().get(id)?.service_name.clone())
    }

    /// Whether the caller may make a call of this IAM name, such as `ec2:DescribeVpcEndpoints` (rule R28). `keys` are
    /// condition keys that the call has beside those of every call.
    pub fn authorize_call(
        &self,
        call: &Call,
        iam_name: &str,
        named: &[String],
        keys: &[(ConditionKey, KeyValue)],
        at: SimTime,
    ) -> Result<(), ControlError> {
        match self.judge_call(call, iam_name, named, keys, at)? {
            Some(decision) if !decision.is_allowed() => {
                let code = ErrorCode::UnauthorizedOperation;
                let reasons = decision.blockers.iter().map(|blocker| ControlError::new(code, blocker.text.clone()));
                // Facts Q2.
                Err(ControlError { more: reasons.collect(), ..ControlError::new(code, ec2::UNAUTHORIZED_MESSAGE) })
            }
            Some(_) | None => Ok(()),
        }
    }

    /// How the caller's policies judge a call; `None` for an administrator, whom no policy limits.
    pub fn judge_call(
        &self,
        call: &Call,
        iam_name: &str,
        named: &[String],
        keys: &[(ConditionKey, KeyValue)],
        at: SimTime,
    ) -> Result<Option<Decision>, ControlError> {
        let Caller::User(name) = &call.caller else { return Ok(None) };
        let user = self.accounts.get(&call.scope.account).and_then(|account| account.users.get(name));
        let Some(user) = user else {
            let text = format!("The user with name {name} cannot be found.");
            return Err(ControlError::new(ErrorCode::NoSuchEntity, text));
        };
        let principal = Principal::user(&call.scope.account, name);
        let mut request = RequestContext::new(self.era, principal, iam_name, "*", &call.scope.account)
            .to_region(call.scope.region.as_str())
            .at(self.calendar.date(at));
        request.set(ConditionKey::Ec2Region, call.scope.region.as_str().into());
        keys.iter().for_each(|(key, value)| request.set(key.clone(), value.clone()));
        Ok(Some(ec2::authorize(&request, named, &user.attached())))
    }
}

impl Action {
    /// The name by which a policy grants it: `ec2:CreateVpcEndpoint`.
    pub fn iam_name(&self) -> String {
        let service = match self {
            Self::PutUserPolicy(_) | Self::DeleteUserPolicy(_) | Self::PutRolePolicy(_) => "iam",
            Self::PutBucketPolicy(_) | Self::DeleteBucketPolicy(_) => "s3",
            Self::CreatePrivateVirtualInterface(_)
            | Self::CreatePublicVirtualInterface(_)
            | Self::DeleteVirtualInterface(_) => "directconnect",
            // What AWS or the customer's router does can be granted to nobody.
            Self::ServiceRangesChange(_) | Self::ZoneFail(_) | Self::ZoneRecover(_) | Self::AdvertiseRoutes(_) => {
                "simulator"
            }
            _ => "ec2",
        };
        format!("{service}:{}", self.name())
    }

    /// The resources that an endpoint call names, as ARNs. Today they can be granted one by one (facts Q11); for all
    /// other calls a policy must allow the action on `*`, which is a simplification.
    fn resource_arns(&self, scope: &Scope) -> Vec<String> {
        let arn = |kind: &str, id: &str| format!("arn:aws:ec2:{}:{}:{kind}/{id}", scope.region, scope.account);
        let tables =
            |ids: &[RouteTableId]| -> Vec<String> { ids.iter().map(|id| arn("route-table", id.as_str())).collect() };
        match self {
            Self::CreateVpcEndpoint(create) => {
                let mut arns = vec![arn("vpc", create.vpc_id.as_str()), arn("vpc-endpoint", "*")];
                arns.extend(tables(&create.route_table_ids));
                arns
            }
            Self::ModifyVpcEndpoint(modify) => {
                let mut arns = vec![arn("vpc-endpoint", modify.vpc_endpoint_id.as_str())];
                arns.extend(tables(&modify.add_route_table_ids));
                arns.extend(tables(&modify.remove_route_table_ids));
                arns
            }
            Self::DeleteVpcEndpoints(delete) => {
                delete.vpc_endpoint_ids.iter().map(|id| arn("vpc-endpoint", id.as_str())).collect()
            }
            _ => Vec::new(),
        }
    }
}

impl Context<'_> {
    /// The account of the call, to write.
    pub(super) fn account_mut(&mut self) -> &mut Account {
        let account = self.world.accounts.get_mut(&self.scope.account);
        account.expect("apply refuses calls to a region that is not open")
    }

    /// Reads a policy as what it is to be attached to; every problem is in the refusal.
    pub(super) fn read_policy(
        &self,
        text: &str,
        kind: DocumentKind,
        code: ErrorCode,
    ) -> Result<PolicyDocument, ControlError> {
        let source = Source::new("<policy>", text);
        let (document, problems) = PolicyDocument::parse(&source, kind, self.era());
        document.ok_or_else(|| {
            let more = problems.iter().map(|problem| ControlError::new(code, problem.message.clone())).collect();
            ControlError { more, ..ControlError::new(code, invalid_policy_message(&source, &problems)) }
        })
    }
}

fn need_user<'a>(cx: &'a Context<'_>, name: &str) -> Result<&'a IamUser, ControlError> {
    let account = cx.world.accounts.get(&cx.scope.account);
    account.and_then(|account| account.users.get(name)).ok_or_else(|| {
        ControlError::new(ErrorCode::NoSuchEntity, format!("The user with name {name} cannot be found."))
    })
}

fn identity_policy(cx: &Context<'_>, text: &str) -> Result<PolicyDocument, ControlError> {
    cx.read_policy(text, DocumentKind::Identity, ErrorCode::MalformedPolicyDocument)
}
