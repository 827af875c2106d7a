package kafka

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// An ACL allows or denies a principal an operation on what a pattern names. Words are Kafka's own,
// in lower case: "topic", "literal", "read", "allow".
type ACL struct {
	ResourceType string
	Name         string
	Pattern      string
	Principal    string
	Host         string
	Operation    string
	Permission   string
}

// String words the rule for people.
func (a ACL) String() string {
	text := fmt.Sprintf("%s %s on %s %s", a.Permission, a.Operation, a.ResourceType, a.Name)
	if a.Pattern == "prefixed" {
		text += "*"
	}
	return fmt.Sprintf("%s: %s from host %s", a.Principal, text, a.Host)
}

// ACLs returns the rules of a principal for what one pattern names.
func (a Asker) ACLs(ctx context.Context, like ACL) ([]ACL, error) {
	const what = "ask for the ACLs"
	request := kmsg.NewPtrDescribeACLsRequest()
	f, err := like.filter()
	if err != nil {
		return nil, err
	}
	request.ResourceType, request.ResourceName, request.ResourcePatternType = f.ResourceType, f.ResourceName, f.ResourcePatternType
	request.Principal, request.Operation, request.PermissionType = f.Principal, f.Operation, f.PermissionType
	response, err := ask[*kmsg.DescribeACLsResponse](ctx, a, what, request)
	if err != nil {
		return nil, err
	}
	if err := refusal(response.ErrorCode, response.ErrorMessage); err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	var found []ACL
	for _, r := range response.Resources {
		for _, acl := range r.ACLs {
			found = append(found, ACL{
				ResourceType: strings.ToLower(r.ResourceType.String()), Name: r.ResourceName, Pattern: strings.ToLower(r.ResourcePatternType.String()),
				Principal: acl.Principal, Host: acl.Host,
				Operation: strings.ToLower(acl.Operation.String()), Permission: strings.ToLower(acl.PermissionType.String()),
			})
		}
	}
	slices.SortFunc(found, func(a, b ACL) int { return strings.Compare(a.String(), b.String()) })
	return found, nil
}

// filter finds the rules of a principal for what one pattern names, whatever they allow or deny.
func (a ACL) filter() (kmsg.DeleteACLsRequestFilter, error) {
	f := kmsg.NewDeleteACLsRequestFilter()
	var err error
	if f.ResourceType, err = kmsg.ParseACLResourceType(a.ResourceType); err != nil {
		return f, err
	}
	if f.ResourcePatternType, err = kmsg.ParseACLResourcePatternType(a.Pattern); err != nil {
		return f, err
	}
	f.ResourceName, f.Principal = &a.Name, &a.Principal
	f.Operation, f.PermissionType = kmsg.ACLOperationAny, kmsg.ACLPermissionTypeAny
	return f, nil
}

// AddACLs adds rules.
func (c *Client) AddACLs(ctx context.Context, rules []ACL) error {
	request := kmsg.NewPtrCreateACLsRequest()
	for _, r := range rules {
		f, err := r.filter()
		if err != nil {
			return err
		}
		creation := kmsg.NewCreateACLsRequestCreation()
		creation.ResourceType, creation.ResourceName, creation.ResourcePatternType = f.ResourceType, r.Name, f.ResourcePatternType
		creation.Principal, creation.Host = r.Principal, r.Host
		if creation.Operation, err = kmsg.ParseACLOperation(r.Operation); err != nil {
			return err
		}
		if creation.PermissionType, err = kmsg.ParseACLPermissionType(r.Permission); err != nil {
			return err
		}
		request.Creations = append(request.Creations, creation)
	}
	response, err := ask[*kmsg.CreateACLsResponse](ctx, c.Any(), "add ACLs", request)
	if err != nil {
		return err
	}
	for i, r := range response.Results {
		if err := refusal(r.ErrorCode, r.ErrorMessage); err != nil && i < len(rules) {
			return fmt.Errorf("add %s: %w", rules[i], err)
		}
	}
	return nil
}

// RemoveACLs removes exactly these rules.
func (c *Client) RemoveACLs(ctx context.Context, rules []ACL) error {
	request := kmsg.NewPtrDeleteACLsRequest()
	for _, r := range rules {
		f, err := r.filter()
		if err != nil {
			return err
		}
		f.Host = &r.Host
		if f.Operation, err = kmsg.ParseACLOperation(r.Operation); err != nil {
			return err
		}
		if f.PermissionType, err = kmsg.ParseACLPermissionType(r.Permission); err != nil {
			return err
		}
		request.Filters = append(request.Filters, f)
	}
	response, err := ask[*kmsg.DeleteACLsResponse](ctx, c.Any(), "remove ACLs", request)
	if err != nil {
		return err
	}
	for i, r := range response.Results {
		if err := refusal(r.ErrorCode, r.ErrorMessage); err != nil && i < len(rules) {
			return fmt.Errorf("remove %s: %w", rules[i], err)
		}
	}
	return nil
}
