package platform

import (
	"fmt"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	optionsv1 "github.com/banyan-shop/banyan/protos/gen/go/banyan/options/v1"
)

// method is an RPC that this process answers, as its contract describes it.
type method struct {
	path, service, name string
	access              optionsv1.Access
}

// describe finds the RPCs of a service in its contract. Streams are refused, since the chain in front of handlers knows
// single calls only and would leave them unguarded.
func describe(desc *grpc.ServiceDesc) ([]method, error) {
	if len(desc.Streams) > 0 {
		return nil, fmt.Errorf("%s has streams, which this kit does not serve", desc.ServiceName)
	}
	found, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(desc.ServiceName))
	if err != nil {
		return nil, fmt.Errorf("contract of %s: %w", desc.ServiceName, err)
	}
	service, ok := found.(protoreflect.ServiceDescriptor)
	if !ok {
		return nil, fmt.Errorf("%s is no service", desc.ServiceName)
	}
	methods := make([]method, 0, service.Methods().Len())
	for i := range service.Methods().Len() {
		rpc := service.Methods().Get(i)
		methods = append(methods, method{
			path:    fmt.Sprintf("/%s/%s", desc.ServiceName, rpc.Name()),
			service: desc.ServiceName,
			name:    string(rpc.Name()),
			access:  accessOf(rpc),
		})
	}
	return methods, nil
}

// accessOf is the method's option; unset means INTERNAL, so that forgetting it never opens an RPC.
func accessOf(rpc protoreflect.MethodDescriptor) optionsv1.Access {
	access, _ := proto.GetExtension(rpc.Options(), optionsv1.E_Access).(optionsv1.Access)
	if access == optionsv1.Access_ACCESS_UNSPECIFIED {
		return optionsv1.Access_ACCESS_INTERNAL
	}
	return access
}

// admit refuses a caller that may not call an RPC of this access. INTERNAL passes: the edge has no route to such an RPC,
// and the network lets only the mesh in.
func admit(access optionsv1.Access, identity Identity) error {
	if access == optionsv1.Access_ACCESS_PUBLIC || access == optionsv1.Access_ACCESS_INTERNAL {
		return nil
	}
	if identity.UserID == "" {
		return &Error{kind: "unauthenticated", reason: "UNAUTHENTICATED", message: "this call needs a signed-in user"}
	}
	if access == optionsv1.Access_ACCESS_STAFF && !identity.isStaff() {
		return &Error{kind: "permission_denied", reason: "STAFF_ONLY", message: "this call needs the staff role"}
	}
	return nil
}
