//! How an action's parameters are declared: once, with EC2's names. Performs nothing.

/// Declares the struct of one action. The first list holds what EC2 requires and becomes the arguments of `new`; the
/// second holds what may be left out and starts as its default.
macro_rules! action_struct {
    ($(#[$doc:meta])* $name:ident() { $($(#[$odoc:meta])* $optional:ident: $oty:ty,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct $name {
            $($(#[$odoc])* pub $optional: $oty,)*
        }
    };
    (
        $(#[$doc:meta])* $name:ident($($(#[$rdoc:meta])* $required:ident: $rty:ty,)+)
        { $($(#[$odoc:meta])* $optional:ident: $oty:ty,)* }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq)]
        pub struct $name {
            $($(#[$rdoc])* pub $required: $rty,)*
            $($(#[$odoc])* pub $optional: $oty,)*
        }

        impl $name {
            /// The action with what it requires; everything else is left out.
            pub fn new($($required: $rty),*) -> Self {
                Self { $($required,)* $($optional: Default::default(),)* }
            }
        }
    };
}
pub(super) use action_struct;
