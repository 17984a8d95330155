package task

import "strings"

func firstNames() []string { return strings.Fields(firstNameList) }
func lastNames() []string  { return strings.Fields(lastNameList) }

const firstNameList = `
Aaron Abigail Adam Adele Adrian Agnes Alan Albert Alexander Alfred Alice Alison Amanda Amber Amelia Amy Andrea Andrew Angela Anita
Anna Anthony Arthur Audrey Barbara Beatrice Benjamin Bernard Beth Bianca Bradley Brenda Brian Bridget Bruce Calvin Camilla Carl Carla Carmen
Caroline Catherine Cecilia Charles Charlotte Chloe Christian Christina Claire Clara Colin Connor Craig Cynthia Damian Danielle Darren David Deborah Dennis
Derek Diana Dominic Donald Donna Doris Dorothy Douglas Duncan Dylan Edgar Edith Edward Eileen Elaine Eleanor Elena Elizabeth Ellen Elsa
Emily Emma Eric Erica Ernest Esther Ethan Eugene Eva Evelyn Felix Fiona Florence Frances Francis Frank Frederick Gabriel Gavin George
Georgia Gerald Gilbert Gina Gloria Gordon Grace Graham Gregory Gwen Hannah Harold Harriet Harry Hazel Heather Hector Helen Henry Herbert
Hilda Holly Howard Hugh Ian Ida Imogen Ingrid Irene Iris Isaac Isabel Ivan Jack Jacob James Janet Jason Jasmine Jean
Jeffrey Jennifer Jeremy Jessica Joan Joel Jonathan Joseph Joyce Judith Julia Julian Karen Kate Keith Kenneth Kevin Kim Laura Lawrence
Leah Leo Leon Leonard Lewis Lillian Linda Lisa Louis Louise Lucas Lucy Luke Lydia Malcolm Marcus Margaret Maria Marion Mark
Martha Martin Matthew Maurice Maxwell Megan Melissa Michael Michelle Miles Miranda Molly Monica Nadia Nancy Naomi Natalie Nathan Neil Nicholas
Nicole Nigel Nina Nora Norman Oliver Olivia Oscar Owen Pamela Patricia Patrick Paul Paula Pauline Peter Philip Phoebe Rachel Ralph
`

const lastNameList = `
Abbott Adams Ainsworth Aldridge Allen Anderson Andrade Archer Armstrong Arnold Ashworth Atkins Austin Avery Bailey Baker Baldwin Ballard Banks Barker
Barlow Barnes Barrett Barton Bates Baxter Beck Bell Bennett Benson Bentley Berry Bishop Black Blair Blake Bolton Bond Booth Bowen
Boyd Bradford Brady Brennan Briggs Brooks Brown Bryant Buckley Burgess Burke Burns Burton Butler Byrne Caldwell Cameron Campbell Carlson Carr
Carter Carver Castillo Chandler Chapman Chavez Clark Clayton Cole Coleman Collins Conway Cooper Cox Crawford Cross Cruz Cunningham Curtis Dalton
Davies Davis Dawson Dean Delgado Dixon Dobson Donovan Doyle Drake Duarte Dunn Eaton Edwards Elliott Ellis Emerson Erickson Estrada Evans
Farrell Ferguson Fernandez Finch Fisher Fleming Fletcher Flores Flynn Forbes Foster Fowler Fox Franklin Fraser Freeman Fuller Gallagher Gamble Garcia
Gardner Garrison Gibson Gomez Goodwin Graves Gray Greene Griffin Hale Hamilton Hammond Hansen Hardy Harmon Harper Harris Hart Harvey Hawkins
Hayes Henderson Herrera Hicks Hill Hoffman Holland Holmes Hopkins Howell Hudson Hughes Humphrey Hunt Hunter Ingram Jackson Jacobs Jenkins Jensen
Johnson Jordan Joyner Kane Keller Kelly Kennedy Kent Khan Knight Lambert Lane Larson Lawson Lopez Lowe Lynch Marsh Marshall Mason
Matthews Maynard Mendoza Mercer Meyer Miller Mitchell Montgomery Moore Morales Morgan Morris Murphy Murray Nash Nelson Newman Newton Nolan Norris
Ortega Osborne Palmer Parker Parsons Patel Payne Pearson Perkins Peterson Porter Powell Quinn Ramirez Reed Reynolds Roberts Robinson Sutton Thomas
`
