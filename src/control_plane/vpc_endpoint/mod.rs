//! A VPC endpoint: its service, tables, policy. Carries nothing.

mod policy_history;
mod record;

mod create;
mod delete;
mod modify;

mod table;

pub use create::{CreateVpcEndpoint, SubnetConfiguration};
pub use delete::DeleteVpcEndpoints;
pub use modify::ModifyVpcEndpoint;
pub use policy_history::PolicyHistory;
pub use record::{EndpointType, VpcEndpoint};
