//! Makes the methods of the public types from one list of calls. Each call in the list has its
//! documentation; the type's field `0` has the body. A call that does I/O is written `async`: a
//! blocking face runs it to its end, an asynchronous one awaits it.

/// Defines the methods of a blocking face and of its asynchronous twin:
/// `faces! { impl[generics] Face, AsyncFace { calls } }`. Each call is written as its signature
/// without `pub`, with its generics in brackets. `example { .. }` before it documents only the
/// blocking call.
macro_rules! faces {
    (impl[$($generics:tt)*] $blocking:ty, $asynchronous:ty { $($calls:tt)* }) => {
        impl<$($generics)*> $blocking {
            $crate::face::faces! { @blocking $($calls)* }
        }

        #[cfg(feature = "tokio")]
        impl<$($generics)*> $asynchronous {
            $crate::face::faces! { @asynchronous $($calls)* }
        }
    };

    (@$kind:ident) => {};
    (@blocking
        $(#[$about:meta])*
        $(example { $(#[$example:meta])* })?
        async fn $call:ident $([$($generics:tt)*])? (&self $(, $name:ident: $type:ty)* $(,)?)
            $(-> $gives:ty)?;
        $($rest:tt)*
    ) => {
        $(#[$about])*
        $(#[doc = ""] $(#[$example])*)?
        pub fn $call $(<$($generics)*>)? (&self $(, $name: $type)*) $(-> $gives)? {
            $crate::session::drive::Outcome::now(self.0.$call($($name),*))
        }
        $crate::face::faces! { @blocking $($rest)* }
    };
    (@asynchronous
        $(#[$about:meta])*
        $(example { $(#[$example:meta])* })?
        async fn $call:ident $([$($generics:tt)*])? (&self $(, $name:ident: $type:ty)* $(,)?)
            $(-> $gives:ty)?;
        $($rest:tt)*
    ) => {
        $(#[$about])*
        pub async fn $call $(<$($generics)*>)? (&self $(, $name: $type)*) $(-> $gives)? {
            $crate::session::drive::Outcome::later(self.0.$call($($name),*)).await
        }
        $crate::face::faces! { @asynchronous $($rest)* }
    };
    (@$kind:ident
        $(#[$about:meta])*
        $(example { $(#[$example:meta])* })?
        fn $call:ident $([$($generics:tt)*])? (&self $(, $name:ident: $type:ty)* $(,)?)
            $(-> $gives:ty)?;
        $($rest:tt)*
    ) => {
        $crate::face::faces! { @said $kind
            [$(#[$about])*] [$($(#[$example])*)?]
            pub fn $call $(<$($generics)*>)? (&self $(, $name: $type)*) $(-> $gives)? {
                self.0.$call($($name),*)
            }
        }
        $crate::face::faces! { @$kind $($rest)* }
    };
    (@$kind:ident
        $(#[$about:meta])*
        $(example { $(#[$example:meta])* })?
        fn $call:ident (&mut self $(, $name:ident: $type:ty)* $(,)?) $(-> $gives:ty)?;
        $($rest:tt)*
    ) => {
        $crate::face::faces! { @said $kind
            [$(#[$about])*] [$($(#[$example])*)?]
            pub fn $call (&mut self $(, $name: $type)*) $(-> $gives)? {
                self.0.$call($($name),*)
            }
        }
        $crate::face::faces! { @$kind $($rest)* }
    };

    (@said blocking [$($about:tt)*] [$($example:tt)*] $call:item) => {
        $($about)*
        #[doc = ""]
        $($example)*
        $call
    };
    (@said asynchronous [$($about:tt)*] [$($example:tt)*] $call:item) => {
        $($about)*
        $call
    };
}

pub(crate) use faces;
