// Not Apple's SDK: see README.md. The picker's own parts are in the SwiftUI stand-in, beside the tree of views that shows them.
@_exported import SwiftUI
