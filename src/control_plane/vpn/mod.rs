//! VPN: virtual private gateways, customer gateways, connections, and the routes they learn. Carries nothing.

mod customer_gateway;
mod gateway;

mod bgp;
mod connection;

mod propagation;

pub use bgp::{AdvertiseRoutes, BgpRoute};
pub use connection::{
    CreateVpnConnection, CreateVpnConnectionRoute, DeleteVpnConnection, DeleteVpnConnectionRoute, VpnConnection,
};
pub use customer_gateway::{CreateCustomerGateway, CustomerGateway};
pub use gateway::{AttachVpnGateway, CreateVpnGateway, DeleteVpnGateway, DetachVpnGateway, VpnGateway};
pub use propagation::{DisableVgwRoutePropagation, EnableVgwRoutePropagation};
