package sandbox

import (
	"encoding/json"
	"net/http"
	"strings"
)

func (s *Sandbox) variableRoutes() []route {
	var routes []route
	places := map[string]finder{"/repos/{owner}/{repo}/environments/{env}/variables": findEnvironment("environments", true)}
	for _, app := range variableApps() {
		places["/repos/{owner}/{repo}/"+app+"/variables"] = findRepository(app, true)
		places["/orgs/{owner}/"+app+"/variables"] = findOrganization(app, true)
	}
	for path, find := range places {
		routes = append(routes,
			route{"GET", path, func(c *call) answer { return listVariables(c, find) }},
			route{"POST", path, func(c *call) answer { return s.createVariable(c, find) }},
			route{"GET", path + "/{name}", func(c *call) answer { return getVariable(c, find) }},
			route{"PATCH", path + "/{name}", func(c *call) answer { return s.updateVariable(c, find) }},
		)
	}
	for _, app := range variableApps() {
		routes = append(routes, selectionRoutes("/orgs/{owner}/"+app+"/variables", findOrganization(app, true))...)
		routes = append(routes, route{"GET", "/repos/{owner}/{repo}/" + app + "/organization-variables", reaching(app, true)})
	}
	return routes
}

// variableApps are the apps that have variables: the others read none.
func variableApps() []string { return []string{"actions", "agents"} }

func listVariables(c *call, find finder) answer {
	place, refusal, ok := find(c)
	if !ok {
		return refusal
	}
	return c.listEntries(place, true)
}

func getVariable(c *call, find finder) answer {
	place, refusal, ok := find(c)
	if !ok {
		return refusal
	}
	e, found := lookup(place.entries, c.arg("name"))
	if !found {
		return notFound()
	}
	return jsonAnswer(http.StatusOK, place.describe(strings.ToUpper(c.arg("name")), e, true))
}

func (s *Sandbox) createVariable(c *call, find finder) answer {
	place, refusal, ok := find(c)
	if !ok {
		return refusal
	}
	var in entryInput
	if err := json.Unmarshal([]byte(c.Body), &in); err != nil {
		return failure(http.StatusBadRequest, "Problems parsing JSON")
	}
	name := strings.ToUpper(in.Name)
	complaint := badName(name, "Variable")
	if in.Value == nil {
		complaint = "Invalid request.\n\n\"value\" wasn't supplied."
	}
	e := &Variable{CreatedAt: s.now(), UpdatedAt: s.now()}
	if complaint == "" {
		complaint = c.share(place, e, in, true)
	}
	if complaint != "" {
		return failure(http.StatusUnprocessableEntity, complaint)
	}
	if _, found := place.entries[name]; found {
		return failure(http.StatusConflict, "Already exists - Variable already exists")
	}
	e.Value = *in.Value
	place.entries[name] = e
	return jsonAnswer(http.StatusCreated, map[string]any{})
}

func (s *Sandbox) updateVariable(c *call, find finder) answer {
	place, refusal, ok := find(c)
	if !ok {
		return refusal
	}
	e, found := lookup(place.entries, c.arg("name"))
	if !found {
		return notFound()
	}
	var in entryInput
	if err := json.Unmarshal([]byte(c.Body), &in); err != nil {
		return failure(http.StatusBadRequest, "Problems parsing JSON")
	}
	if complaint := c.share(place, e, in, false); complaint != "" {
		return failure(http.StatusUnprocessableEntity, complaint)
	}
	if in.Value != nil {
		e.Value = *in.Value
	}
	e.UpdatedAt = s.now()
	return answer{status: http.StatusNoContent}
}
